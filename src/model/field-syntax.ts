/**
 * Scanners for the components of field values (RFC 9110 section 5.6). Each looks at a character
 * once, because a peer chooses the text. Every parser of a field, a listing or a name that came
 * over the network is built from them. Pure.
 */

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const LAST_LATIN1 = 0xff;

/** By character code: 1 for a character that a token may contain (section 5.6.2). */
const TOKEN_CHARACTERS = new Uint8Array(LAST_LATIN1 + 1);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  TOKEN_CHARACTERS[character.charCodeAt(0)] = 1;
  TOKEN_CHARACTERS[character.toUpperCase().charCodeAt(0)] = 1;
}

/** Returns the end of the token that begins at `from`; `from` itself if there is none. */
export function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && TOKEN_CHARACTERS[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

/** True for a token: field names, methods, directives. */
export function isToken(text: string): boolean {
  return text !== '' && tokenEnd(text, 0) === text.length;
}

/**
 * True for a valid field value (section 5.5): tab, space, visible ASCII and obs-text; no CR, LF,
 * NUL or other control character.
 */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < SPACE ? code !== TAB : code === DELETE || code > LAST_LATIN1) return false;
  }
  return true;
}

/**
 * True for one ASCII digit or more. `Number` accepts signs, points, exponents and white space too.
 */
export function isDigits(text: string): boolean {
  return text !== '' && digitsEnd(text, 0) === text.length;
}

/** Returns the end of the digits that begin at `from`; `from` itself if there are none. */
export function digitsEnd(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at += 1;
  return at;
}

/** Returns the first position from `from` on that is neither space nor tab (OWS, section 5.6.3). */
export function skipOws(text: string, from: number): number {
  let at = from;
  while (isOws(text.charCodeAt(at))) at += 1;
  return at;
}

/**
 * Removes spaces and tabs at both ends. `String.trim` removes more: it takes obs-text 0xA0, which
 * is part of a field value, for a no-break space.
 */
export function trimOws(text: string): string {
  return trimmed(text, 0, text.length);
}

export interface QuotedString {
  /** The text between the quotes, without escaping backslashes. */
  readonly value: string;
  /** The position after the closing quote. */
  readonly end: number;
}

/**
 * Reads the quoted-string (section 5.6.4) that begins at `from`; `undefined` if there is none, or
 * if it is not closed.
 */
export function readQuoted(text: string, from: number): QuotedString | undefined {
  if (text.charCodeAt(from) !== QUOTE) return undefined;
  const end = quotedEnd(text, from);
  if (end === undefined) return undefined;
  const inner = text.slice(from + 1, end - 1);
  return { value: inner.includes('\\') ? unescaped(inner) : inner, end };
}

/**
 * Yields the members of a list (section 5.6.1), trimmed, empty ones included. Commas within quoted
 * strings do not separate, and an unclosed quote extends to the end. Lazy, because a list of commas
 * alone has as many members as characters.
 */
export function* listMembers(text: string): Generator<string> {
  let from = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === COMMA) {
      yield trimmed(text, from, at);
      from = at + 1;
    }
    at = code === QUOTE ? (quotedEnd(text, at) ?? text.length) : at + 1;
  }
  yield trimmed(text, from, text.length);
}

/**
 * Returns the members of a list of tokens, such as Connection or Vary: trimmed, in lower case,
 * without empty ones. Quotes have no meaning here, so a stray one hides no member.
 */
export function tokenMembers(text: string | undefined): string[] {
  const members: string[] = [];
  if (text === undefined) return members;
  for (let from = 0; from <= text.length;) {
    const comma = text.indexOf(',', from);
    const end = comma === -1 ? text.length : comma;
    const member = trimmed(text, from, end);
    if (member !== '') members.push(member.toLowerCase());
    from = end + 1;
  }
  return members;
}

/** Returns the position after the quote that closes the one at `from`; `undefined` without one. */
function quotedEnd(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at += 1;
  }
  return undefined;
}

function unescaped(inner: string): string {
  let value = '';
  let from = 0;
  for (let at = inner.indexOf('\\'); at !== -1; at = inner.indexOf('\\', at + 2)) {
    value += inner.slice(from, at);
    from = at + 1;
  }
  return value + inner.slice(from);
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  while (start < to && isOws(text.charCodeAt(start))) start += 1;
  let end = to;
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === SPACE || code === TAB;
}
