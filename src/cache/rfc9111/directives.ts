/**
 * Cache-Control (RFC 9111 section 5.2) read into directives. Lenient where that makes nothing
 * fresh: a directive with a spoilt argument still counts as present, and its number as malformed,
 * which section 4.2.1 lets caches take for stale. Pure.
 */
import { parseDictionary } from 'structured-headers';
import { isDigits, listMembers, readQuoted, tokenEnd } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';

/**
 * Delta seconds (section 1.2.2); `malformed` where the argument is no number or there are several.
 */
export type Seconds = number | 'malformed' | undefined;

type Argument =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'malformed' };

/** Section 1.2.2: a greater value counts as 2^31. */
const MAX_SECONDS = 2 ** 31;

export class Directives {
  readonly #arguments: ReadonlyMap<string, readonly Argument[]>;

  constructor(directives: ReadonlyMap<string, readonly Argument[]>) {
    this.#arguments = directives;
  }

  /** True if the directive is present, with or without an argument. `name` is lower case. */
  has(name: string): boolean {
    return this.#arguments.has(name);
  }

  /** The number of a directive that takes one; values that differ contradict each other. */
  seconds(name: string): Seconds {
    const all = this.#arguments.get(name);
    if (all === undefined) return undefined;
    const numbers = new Set(all.map(toSeconds));
    const [first] = numbers;
    return numbers.size === 1 ? first : 'malformed';
  }

  /** True if the directive is present, each time without an argument. */
  isBare(name: string): boolean {
    return this.#arguments.get(name)?.every(({ kind }) => kind === 'none') ?? false;
  }

  /** True if the directive is present without field names, so that it covers all fields. */
  isUnqualified(name: string): boolean {
    return this.#arguments.get(name)?.some(({ kind }) => kind !== 'value') ?? false;
  }

  /** Lower-case field names of the qualified form: `no-cache="set-cookie, x"`. */
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
const parsed = new WeakMap<HeaderMap, { readonly said: Directives; readonly targeted: boolean }>();

/** The directives of a response: those meant for caches like this one before Cache-Control. */
export function responseDirectives(headers: HeaderMap): Directives {
  return readResponse(headers).said;
}

/** True if CDN-Cache-Control replaces Cache-Control and Expires (RFC 9213 section 2.2). */
export function isTargeted(headers: HeaderMap): boolean {
  return readResponse(headers).targeted;
}

function readResponse(headers: HeaderMap): {
  readonly said: Directives;
  readonly targeted: boolean;
} {
  let read = parsed.get(headers);
  if (read === undefined) {
    const targeted = parseTargeted(headerValue(headers, 'cdn-cache-control'));
    const said = targeted ?? parseDirectives(headerValue(headers, 'cache-control'));
    read = { said, targeted: targeted !== undefined };
    parsed.set(headers, read);
  }
  return read;
}

/** A targeted field is a structured field; `undefined` if it is absent, empty or malformed. */
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
 * The directives of a request; `Pragma: no-cache` counts if there is no Cache-Control (section
 * 5.4).
 */
export function requestDirectives(headers: HeaderMap): Directives {
  const pragma = headerValue(headers, 'pragma');
  const field = headerValue(headers, 'cache-control');
  if (field !== undefined) return parseDirectives(field);
  if (pragma === undefined || !parseDirectives(pragma).has('no-cache')) return NONE;
  return parseDirectives('no-cache');
}

/** Reads a field value, several lines joined with commas. Never throws. */
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

/** What follows a name that ends at `at`: recipients ought to take both forms of any argument. */
function argumentOf(member: string, at: number): Argument {
  if (at === member.length) return { kind: 'none' };
  if (member[at] !== '=') return { kind: 'malformed' };
  const quoted = readQuoted(member, at + 1);
  if (quoted?.end === member.length) return { kind: 'value', text: quoted.value };
  const text = member.slice(at + 1);
  return /^[^\s",]+$/.test(text) ? { kind: 'value', text } : { kind: 'malformed' };
}

function toSeconds(argument: Argument): number | 'malformed' {
  if (argument.kind !== 'value' || !isDigits(argument.text)) return 'malformed';
  return Math.min(Number(argument.text), MAX_SECONDS);
}
