/**
 * Computes how a server may read a path. One resource has more spellings than those that RFC 3986
 * calls equivalent: servers decode `%2B`, merge slashes, cut parameters. A rule for a path (a pin,
 * a purge, a refusal) applies to all of them, because a bypassed rule does more harm than one that
 * applies too widely. Whether two URLs share bytes is decided by model/uri, not here. Pure.
 */
import { canonicalUri, splitTarget } from './uri.js';

const SLASH = 0x2f;
const PERCENT = 0x25;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const ESCAPED_SLASH = Buffer.from('%2F');

/** Text that decoding does not change: without `%`, `+`, `\`, controls and non-ASCII characters. */
const PLAIN = /^[\x20-\x24\x26-\x2a\x2c-\x5b\x5d-\x7e]*$/;

/** The readings of a path, for both ways to read an encoded slash. */
export interface Readings {
  /** Decoded once, with `%2F` kept: a segment stays one segment. */
  readonly kept: readonly string[];
  /** Decoded repeatedly, with `%2F` and `\` as slashes. */
  readonly plain: readonly string[];
}

/** Returns the ways in which a server may read a path without query, encoded or not. */
export function readingsOf(path: string): Readings {
  return { kept: variantsOf(decodedOnce(path)), plain: variantsOf(decoded(path)) };
}

/**
 * Returns the path unchanged, with slashes merged, with the ends of its segments trimmed, and with
 * the parameters of its segments cut.
 */
function variantsOf(path: string): readonly string[] {
  const merged = mergeSlashes(path);
  const segments = withoutLastSlash(merged).split('/');
  const trimmed = segments.map(trimmedSegment).join('/');
  // RFC 3986 section 3.3.
  const bare = segments.map((segment) => trimmedSegment(segment.split(';', 1)[0] ?? '')).join('/');
  return [...new Set([path, merged, trimmed, bare])];
}

/**
 * Decodes a text once, as in `kept` of `readingsOf`. Also applied to the text of a pattern between
 * its wildcards.
 */
export function decodedOnce(text: string): string {
  if (PLAIN.test(text)) return text;
  const bytes = Buffer.from(text);
  // In place: decoded text is never longer than its encoded form.
  let to = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = escapedAt(bytes, at);
    if (byte !== undefined) at += 2;
    if (byte === SLASH) {
      bytes.set(ESCAPED_SLASH, to);
      to += ESCAPED_SLASH.length;
    } else {
      bytes[to] = byte ?? bytes[at] ?? 0;
      to += 1;
    }
  }
  return textOf(bytes.subarray(0, to));
}

/**
 * Decodes a text as in `plain` of `readingsOf`: all escapes, repeatedly, with `\` as a slash. Works
 * from the end to the beginning, so that an escape whose own characters were escaped is decoded in
 * the same pass: the time is linear in the length, whatever the nesting.
 */
export function decoded(text: string): string {
  if (PLAIN.test(text)) return text;
  return textOf(decodedBytes(text)).replaceAll('\\', '/');
}

/**
 * Returns the form in which a path or target is compared with a prefix that selects it. A prefix of
 * a target stays a prefix in this form. The query is in its canonical form.
 */
export function comparable(target: string): string {
  const [path, query] = splitTarget(target);
  return mergeSlashes(decoded(path)) + canonicalUri(Buffer.from(query).toString('latin1'));
}

/**
 * True for a path whose request must be refused: it leads elsewhere, or has a `%` that begins no
 * escape.
 */
export function isTreacherous(path: string): boolean {
  return /%(?![0-9a-f]{2})/i.test(path) || leadsElsewhere(path);
}

/**
 * True for a path that leads elsewhere in some reading: it has a `.` or `..` segment, in any
 * encoding and with any parameters, a NUL, or an overlong encoding, which hides a character from
 * checks.
 */
export function leadsElsewhere(path: string): boolean {
  if (!/[%\\]|\/\./.test(path)) return false;
  const bytes = decodedBytes(path);
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0 || isOverlongAt(bytes, at)) return true;
    if ((at === 0 || isSlash(bytes[at - 1])) && isDotSegmentAt(bytes, at)) return true;
  }
  return false;
}

/** True when the segment at `from` is one dot or two, before its parameters. */
function isDotSegmentAt(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (at < from + 2 && bytes[at] === DOT) at += 1;
  if (at === from) return false;
  return at === bytes.length || bytes[at] === SEMICOLON || isSlash(bytes[at]);
}

function isSlash(byte: number | undefined): boolean {
  return byte === SLASH || byte === BACKSLASH;
}

/** Decodes all escapes repeatedly, in place, from the end of the text to its beginning. */
function decodedBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  // Start of the decoded bytes, which follow the byte being read.
  let from = bytes.length;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    let byte = bytes[at] ?? 0;
    while (byte === PERCENT) {
      const escaped = from + 1 < bytes.length ? pairOf(bytes[from], bytes[from + 1]) : undefined;
      if (escaped === undefined) break;
      from += 2;
      byte = escaped;
    }
    from -= 1;
    bytes[from] = byte;
  }
  return bytes.subarray(from);
}

function escapedAt(bytes: Uint8Array, at: number): number | undefined {
  return bytes[at] === PERCENT ? pairOf(bytes[at + 1], bytes[at + 2]) : undefined;
}

/** Returns the byte that two hexadecimal digits encode; `undefined` for other characters. */
function pairOf(high: number | undefined, low: number | undefined): number | undefined {
  const [one, other] = [digitOf(high), digitOf(low)];
  return one === undefined || other === undefined ? undefined : one * 16 + other;
}

/** Returns the value of a hexadecimal digit. In ASCII, 0x20 makes a letter lower case. */
function digitOf(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}

/** True when a character is encoded in more bytes than it needs (RFC 3629 section 3). */
function isOverlongAt(bytes: Uint8Array, at: number): boolean {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
  if (second < 0x80 || second > 0xbf) return false;
  return (
    first === 0xc0 ||
    first === 0xc1 ||
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xf0 && second < 0x90)
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes UTF-8, or Latin-1 if it is not valid. Some file systems do not distinguish composed and
 * decomposed letters, and some servers read `+` as a space.
 */
function textOf(bytes: Uint8Array): string {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }
  return text.replaceAll('+', ' ').normalize('NFC');
}

/** Removes the dots and spaces at the end of a segment, as some file systems do with names. */
function trimmedSegment(segment: string): string {
  let end = segment.length;
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end -= 1;
  return end === 0 ? segment : segment.slice(0, end);
}

function mergeSlashes(path: string): string {
  return path.replace(/\/+/g, '/');
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
