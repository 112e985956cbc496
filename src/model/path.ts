/**
 * The paths that a server may take a path for. Servers decode `%2B`, merge slashes, cut parameters:
 * one resource has more spellings than RFC 3986 calls equivalent. A rule for a path (a pin, a
 * purge, a refusal) holds for all of them, since a rule that is evaded does more harm than one that
 * holds for too much. Cache keys are made by model/uri, not by this file. Pure.
 */
import { canonicalUri, splitTarget } from './uri.js';

const SLASH = 0x2f;
const PERCENT = 0x25;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const ESCAPED_SLASH = Buffer.from('%2F');

/** Text that every reading leaves as it is. */
const PLAIN = /^[\x20-\x24\x26-\x2a\x2c-\x5b\x5d-\x7e]*$/;

/** The readings of a path, in the two ways in which an encoded slash may be taken. */
export interface Readings {
  /** `%2F` kept: a segment stays one. */
  readonly kept: readonly string[];
  /** `%2F` and `\` for a slash, and whatever is encoded twice decoded twice. */
  readonly plain: readonly string[];
}

/** What a server may make of a path: without its query, encoded or not. */
export function readingsOf(path: string): Readings {
  return { kept: variantsOf(decodedOnce(path)), plain: variantsOf(decoded(path)) };
}

/**
 * As it is; with slashes merged; with the ends of names cut; with the parameters of segments cut.
 */
function variantsOf(path: string): readonly string[] {
  const merged = mergeSlashes(path);
  const segments = withoutLastSlash(merged).split('/');
  const trimmed = segments.map(trimmedSegment).join('/');
  // RFC 3986 section 3.3.
  const bare = segments.map((segment) => trimmedSegment(segment.split(';', 1)[0] ?? '')).join('/');
  return [...new Set([path, merged, trimmed, bare])];
}

/** Text of a pattern between its wildcards, in the form of `kept` of `readingsOf`. */
export function decodedOnce(text: string): string {
  if (PLAIN.test(text)) return text;
  const bytes = Buffer.from(text);
  // In place: decoded text is never longer.
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
 * The form of `plain`: all escapes decoded, repeatedly, and `\` as a slash. Works from the end to
 * the beginning, so that an escape made of two others is seen at once: linear time, whatever the
 * nesting.
 */
export function decoded(text: string): string {
  if (PLAIN.test(text)) return text;
  return textOf(decodedBytes(text)).replaceAll('\\', '/');
}

/**
 * The form in which paths and targets are compared with a prefix: it keeps prefixes. The query is
 * in canonical form.
 */
export function comparable(target: string): string {
  const [path, query] = splitTarget(target);
  return mergeSlashes(decoded(path)) + canonicalUri(Buffer.from(query).toString('latin1'));
}

/**
 * True for a path of a request that is refused: it leads elsewhere, or has a `%` that encodes
 * nothing.
 */
export function isTreacherous(path: string): boolean {
  return /%(?![0-9a-f]{2})/i.test(path) || leadsElsewhere(path);
}

/**
 * True if some reading of the path leads elsewhere: a `.` or `..` segment, however encoded and
 * whatever its parameters, a NUL, or an overlong encoding, which hides a character.
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

/** A segment that is one dot or two, before its parameters. */
function isDotSegmentAt(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (at < from + 2 && bytes[at] === DOT) at += 1;
  if (at === from) return false;
  return at === bytes.length || bytes[at] === SEMICOLON || isSlash(bytes[at]);
}

function isSlash(byte: number | undefined): boolean {
  return byte === SLASH || byte === BACKSLASH;
}

/** In the order of the text; written over the text's own bytes, from their end on. */
function decodedBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  // What follows the byte that is looked at begins here.
  let from = bytes.length;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    let byte = bytes[at] ?? 0;
    while (byte === PERCENT) {
      const decodes = from + 1 < bytes.length ? pairOf(bytes[from], bytes[from + 1]) : undefined;
      if (decodes === undefined) break;
      from += 2;
      byte = decodes;
    }
    from -= 1;
    bytes[from] = byte;
  }
  return bytes.subarray(from);
}

function escapedAt(bytes: Uint8Array, at: number): number | undefined {
  return bytes[at] === PERCENT ? pairOf(bytes[at + 1], bytes[at + 2]) : undefined;
}

/** The byte of two hexadecimal digits. */
function pairOf(high: number | undefined, low: number | undefined): number | undefined {
  const [one, other] = [digitOf(high), digitOf(low)];
  return one === undefined || other === undefined ? undefined : one * 16 + other;
}

/** Digits and letters of ASCII, whose lower case is one bit away. */
function digitOf(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}

/** RFC 3629 section 3: a character in more bytes than it needs. */
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
 * UTF-8, else Latin-1. Composed and decomposed letters are one to some file systems, and a `+` is a
 * space to some servers.
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

/** Some file systems drop the dots and spaces that a name ends with. */
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
