/**
 * Parses Cache-Control (RFC 9111 section 5.2) into directives. It is lenient where that makes
 * nothing fresh: a directive with an invalid argument counts as present, and its number as
 * malformed, which a cache may treat as stale (section 4.2.1). Pure.
 */
import { parseDictionary } from 'structured-headers';
import { isDigits, listMembers, readQuoted, tokenEnd } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';

/**
 * Delta seconds (section 1.2.2); `malformed` where the argument is no number or there are several
 * different ones; `undefined` without the directive.
 */
export type Seconds = number | 'malformed' | undefined;

type Argument =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'malformed' };

/** The value of greater numbers of seconds (section 1.2.2). */
const MAX_SECONDS = 2 ** 31;

export class Directives {
  readonly #arguments: ReadonlyMap<string, readonly Argument[]>;

  constructor(directives: ReadonlyMap<string, readonly Argument[]>) {
    this.#arguments = directives;
  }

  /** True when the directive is present, whatever its argument. `name` is lower case. */
  has(name: string): boolean {
    return this.#arguments.has(name);
  }

  /** Returns the seconds of a directive; `malformed` if it is repeated with another value. */
  seconds(name: string): Seconds {
    const all = this.#arguments.get(name);
    if (all === undefined) return undefined;
    const numbers = new Set(all.map(toSeconds));
    const [first] = numbers;
    return numbers.size === 1 ? first : 'malformed';
  }

  /** True when the directive is present, each time without an argument. */
  isBare(name: string): boolean {
    return this.#arguments.get(name)?.every(({ kind }) => kind === 'none') ?? false;
  }

  /** True when the directive is present without field names, so that it applies to all fields. */
  isUnqualified(name: string): boolean {
    return this.#arguments.get(name)?.some(({ kind }) => kind !== 'value') ?? false;
  }

  /** Returns the lower-case field names of the qualified form: `no-cache="set-cookie, x"`. */
  fieldNames(name: string): readonly string[] {
    return (this.#arguments.get(name) ?? []).flatMap((argument) =>
      argument.kind === 'value' ? argument.text.toLowerCase().split(/[\s,]+/) : [],
    );
  }
}

/** Directives whose argument is a list of field names; all others take a number or nothing. */
const FIELD_LISTS: ReadonlySet<string> = new Set(['no-cache', 'private']);

const NONE = new Directives(new Map());

/** Parsed once per response: fields of a stored response do not change. */
const parsed = new WeakMap<HeaderMap, ResponseControl>();

interface ResponseControl {
  readonly directives: Directives;
  readonly targeted: boolean;
}

/** Returns the directives of a response: those of CDN-Cache-Control, else of Cache-Control. */
export function responseDirectives(headers: HeaderMap): Directives {
  return readResponse(headers).directives;
}

/** True when CDN-Cache-Control replaces Cache-Control and Expires (RFC 9213 section 2.2). */
export function isTargeted(headers: HeaderMap): boolean {
  return readResponse(headers).targeted;
}

function readResponse(headers: HeaderMap): ResponseControl {
  let control = parsed.get(headers);
  if (control === undefined) {
    const targeted = parseTargeted(headerValue(headers, 'cdn-cache-control'));
    const directives = targeted ?? parseDirectives(headerValue(headers, 'cache-control'));
    control = { directives, targeted: targeted !== undefined };
    parsed.set(headers, control);
  }
  return control;
}

/**
 * Parses a targeted field, which is a structured field (RFC 9213); `undefined` where it is absent,
 * empty or malformed.
 */
function parseTargeted(field: string | undefined): Directives | undefined {
  if (field === undefined) return undefined;
  try {
    // A member of another type than its directive takes is ignored (section 2.1).
    const members = [...parseDictionary(field)].flatMap(
      ([name, [value]]): [string, Argument[]][] => {
        if (value === true) return [[name, [{ kind: 'none' }]]];
        const isProper = FIELD_LISTS.has(name)
          ? typeof value === 'string'
          : Number.isInteger(value);
        return isProper ? [[name, [{ kind: 'value', text: String(value) }]]] : [];
      },
    );
    return members.length === 0 ? undefined : new Directives(new Map(members));
  } catch {
    return undefined;
  }
}

/**
 * Returns the directives of a request: `no-cache` for `Pragma: no-cache` without Cache-Control
 * (section 5.4).
 */
export function requestDirectives(headers: HeaderMap): Directives {
  const pragma = headerValue(headers, 'pragma');
  const field = headerValue(headers, 'cache-control');
  if (field !== undefined) return parseDirectives(field);
  if (pragma === undefined || !parseDirectives(pragma).has('no-cache')) return NONE;
  return parseDirectives('no-cache');
}

/** Parses a field value, whose lines are joined with commas. Never throws. */
export function parseDirectives(field: string | undefined): Directives {
  const directives = new Map<string, Argument[]>();
  for (const member of listMembers(field ?? '')) {
    const end = tokenEnd(member, 0);
    if (end === 0) continue;
    const name = member.slice(0, end).toLowerCase();
    const argument = argumentOf(member, end);
    const known = directives.get(name);
    if (known === undefined) directives.set(name, [argument]);
    else known.push(argument);
  }
  return directives.size === 0 ? NONE : new Directives(directives);
}

/**
 * Parses the argument after a name that ends at `nameEnd`. Recipients ought to accept the token and
 * the quoted form of any argument (section 5.2).
 */
function argumentOf(member: string, nameEnd: number): Argument {
  if (nameEnd === member.length) return { kind: 'none' };
  if (member[nameEnd] !== '=') return { kind: 'malformed' };
  const quoted = readQuoted(member, nameEnd + 1);
  if (quoted?.end === member.length) return { kind: 'value', text: quoted.value };
  const text = member.slice(nameEnd + 1);
  return /^[^\s",]+$/.test(text) ? { kind: 'value', text } : { kind: 'malformed' };
}

function toSeconds(argument: Argument): number | 'malformed' {
  if (argument.kind !== 'value' || !isDigits(argument.text)) return 'malformed';
  return Math.min(Number(argument.text), MAX_SECONDS);
}
