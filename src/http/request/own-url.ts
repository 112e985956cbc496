/**
 * The URL by which a client sees this server: scheme and authority, which proxies may have replaced
 * and then name in fields. Links for clients are made with it. Pure; used by
 * http/exchange/exchange.
 */
import { isToken, readQuoted, skipOws, trimOws } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import { namesHost } from '../../model/host.js';

/**
 * Whose word counts: that of Forwarded, else of X-Forwarded-*; of one of the two alone; of neither.
 */
export type Believed = 'any' | 'forwarded' | 'x-forwarded' | 'none';

const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

interface ForwardedNames {
  readonly proto?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * `https://models.example`, without a final slash; empty if the request names no host. `fields`:
 * the request's; with an absolute-form target Host is the target's. In a list the first member
 * counts: it is from the proxy next to the client. Malformed hosts and schemes are ignored.
 */
export function ownUrl(fields: HeaderMap, believed: Believed): string {
  const named = namedBy(fields, believed);
  const host = [named.host, headerValue(fields, 'host')].find(isName);
  if (host === undefined) return '';
  const scheme = named.proto?.toLowerCase() === 'https' ? 'https' : 'http';
  return `${scheme}://${host}`;
}

function isName(host: string | undefined): boolean {
  return host !== undefined && namesHost(host);
}

function namedBy(fields: HeaderMap, believed: Believed): ForwardedNames {
  const standard = believed === 'any' || believed === 'forwarded' ? forwarded(fields) : {};
  const custom =
    believed === 'any' || believed === 'x-forwarded'
      ? {
          proto: firstMember(headerValue(fields, 'x-forwarded-proto')),
          host: firstMember(headerValue(fields, 'x-forwarded-host')),
        }
      : {};
  return { proto: standard.proto ?? custom.proto, host: standard.host ?? custom.host };
}

/** The first element of a list that is not empty (RFC 9110 section 5.6.1). */
function firstMember(field = ''): string | undefined {
  let from = skipOws(field, 0);
  while (field.charCodeAt(from) === COMMA) from = skipOws(field, from + 1);
  const end = field.indexOf(',', from);
  return trimOws(field.slice(from, end === -1 ? field.length : end)) || undefined;
}

/**
 * The first element of Forwarded; nothing of a field that is malformed before that element's end.
 */
function forwarded(fields: HeaderMap): ForwardedNames {
  const found = new Map<string, string>();
  const field = headerValue(fields, 'forwarded') ?? '';
  for (const { name, value } of firstElement(field) ?? []) {
    // RFC 7239 section 4: each parameter once.
    if (found.has(name)) return {};
    found.set(name, value);
  }
  return { proto: found.get('proto'), host: found.get('host') };
}

interface Pair {
  readonly name: string;
  readonly value: string;
}

/**
 * RFC 7239 section 4: pairs of a token and a value, a token or a quoted string, between `;`. One
 * step forward for each character. Values without quotes are taken up to the next `;` or `,`:
 * proxies write `host=models.example:8443`, which is no token.
 */
function firstElement(field: string): readonly Pair[] | undefined {
  const pairs: Pair[] = [];
  let at = 0;
  while (at < field.length) {
    at = skipOws(field, at);
    const code = field.charCodeAt(at);
    if (code === COMMA && pairs.length > 0) break;
    if (isSeparator(code)) {
      at += 1;
      continue;
    }
    const equals = field.indexOf('=', at);
    if (equals === -1) return undefined;
    const name = trimOws(field.slice(at, equals)).toLowerCase();
    if (!isToken(name)) return undefined;
    const read = valueAt(field, skipOws(field, equals + 1));
    if (read === undefined) return undefined;
    pairs.push({ name, value: read.value });
    at = skipOws(field, read.end);
    if (at < field.length && !isSeparator(field.charCodeAt(at))) return undefined;
  }
  return pairs;
}

function valueAt(field: string, start: number): { value: string; end: number } | undefined {
  if (field.charCodeAt(start) === QUOTE) return readQuoted(field, start);
  let end = start;
  while (end < field.length && !isSeparator(field.charCodeAt(end))) end += 1;
  return { value: trimOws(field.slice(start, end)), end };
}

function isSeparator(code: number): boolean {
  return code === SEMICOLON || code === COMMA;
}
