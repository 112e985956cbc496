/**
 * Incremental reader of the chunked transfer coding (RFC 9112 section 7.1), for the lean reader.
 * Strict, since two readers of one connection must find the same end: only CRLF ends a line, a size
 * is hexadecimal digits and nothing else, extensions and trailers follow their grammar. Linear
 * time, bounded memory. Its only failure is `origin-protocol`.
 */
import { isToken } from '../model/field-syntax.js';
import { protocolError } from './transport-error.js';

/**
 * A chunk's size line with its extensions. Signatures that are seen there take about a hundred
 * bytes.
 */
export const MAX_SIZE_LINE_BYTES = 4 * 1024;

/** The trailer section of one body: it is read away, as nothing here looks at it. */
export const MAX_TRAILER_BYTES = 16 * 1024;

/** Digits of a size: thirteen reach 2^52, beyond which a number of bytes would not be exact. */
const MAX_SIZE_DIGITS = 13;

const CR = 0x0d;
const LF = 0x0a;

type State =
  | { readonly kind: 'size' }
  | { readonly kind: 'data'; remaining: number }
  /** The line end after a chunk's data. */
  | { readonly kind: 'data-end' }
  | { readonly kind: 'trailer' }
  | { readonly kind: 'done' };

export class ChunkedBody {
  #state: State = { kind: 'size' };
  /** The line that is being read, without its end; latin1. */
  #line = '';
  /** The last byte was a CR: only LF may follow. */
  #endsLine = false;
  #trailerBytes = 0;

  /** True once the last chunk and the trailer section have been read. */
  get done(): boolean {
    return this.#state.kind === 'done';
  }

  /**
   * Takes the next bytes off the connection and hands each piece of content in them to `content`,
   * in order. Returns how many of the bytes belong to the body: fewer than all once it is `done`.
   */
  push(bytes: Uint8Array, content: (piece: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.length && this.#state.kind !== 'done') {
      const state = this.#state;
      if (state.kind === 'data') {
        const piece = bytes.subarray(at, at + state.remaining);
        at += piece.length;
        state.remaining -= piece.length;
        if (state.remaining === 0) this.#state = { kind: 'data-end' };
        content(piece);
      } else at = this.#readLine(bytes, at);
    }
    return at;
  }

  /** Reads up to the end of a line or of the bytes; returns the position. */
  #readLine(bytes: Uint8Array, from: number): number {
    if (this.#endsLine) {
      if (bytes[from] !== LF) throw protocolError('a CR within a line of the chunked coding');
      this.#endsLine = false;
      const line = this.#line;
      this.#line = '';
      this.#lineRead(line);
      return from + 1;
    }
    let at = from;
    while (at < bytes.length && bytes[at] !== CR && bytes[at] !== LF) at += 1;
    this.#add(bytes, from, at);
    if (at === bytes.length) return at;
    if (bytes[at] === LF) throw protocolError('a line of the chunked coding without CR');
    this.#endsLine = true;
    return at + 1;
  }

  #add(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    switch (this.#state.kind) {
      case 'size':
        if (this.#line.length + length > MAX_SIZE_LINE_BYTES)
          throw protocolError('a chunk size line that is too long');
        break;
      case 'trailer':
        // Two for its end: a section of empty lines is bounded too.
        this.#trailerBytes += length + (to < bytes.length ? 2 : 0);
        if (this.#trailerBytes > MAX_TRAILER_BYTES)
          throw protocolError('a trailer section beyond 16 KiB');
        break;
      default:
        if (length > 0) throw protocolError('a chunk that is longer than its size');
    }
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString('latin1');
  }

  #lineRead(line: string): void {
    switch (this.#state.kind) {
      case 'size': {
        const size = chunkSize(line);
        this.#state = size === 0 ? { kind: 'trailer' } : { kind: 'data', remaining: size };
        return;
      }
      case 'data-end':
        this.#state = { kind: 'size' };
        return;
      case 'trailer':
        if (line === '') this.#state = { kind: 'done' };
        // A folded line or white space before the colon is no field (RFC 9112 sections 5.1 and
        // 5.2).
        else if (!isToken(line.slice(0, Math.max(line.indexOf(':'), 0))))
          throw protocolError('a malformed trailer field');
        return;
      default:
        return;
    }
  }
}

/** The size in a chunk's first line; throws for anything that the grammar does not have. */
function chunkSize(line: string): number {
  let digits = 0;
  while (digits < line.length && isHexDigit(line.charCodeAt(digits))) digits += 1;
  // Leading zeros are legal, and bounded by the line.
  const significant = line.slice(0, digits).replace(/^0+/, '');
  if (digits === 0 || significant.length > MAX_SIZE_DIGITS || !isExtensions(line, digits)) {
    throw protocolError('a malformed chunk size');
  }
  return significant === '' ? 0 : Number.parseInt(significant, 16);
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

/**
 * True for `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` from `from` to the
 * end.
 */
function isExtensions(line: string, from: number): boolean {
  let at = afterSpace(line, from);
  if (at === line.length) return at === from;
  while (at < line.length) {
    if (line[at] !== ';') return false;
    const name = afterSpace(line, at + 1);
    at = afterToken(line, name);
    if (at === name) return false;
    const sign = afterSpace(line, at);
    if (line[sign] === '=') {
      const value = afterSpace(line, sign + 1);
      at = line[value] === '"' ? afterQuoted(line, value) : afterToken(line, value);
      if (at === value) return false;
    }
    const next = afterSpace(line, at);
    // White space belongs to what follows it: there is none at the end.
    if (next === line.length && next > at) return false;
    at = next;
  }
  return true;
}

function afterSpace(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  return at;
}

function afterToken(line: string, from: number): number {
  let at = from;
  while (at < line.length && isToken(line.charAt(at))) at += 1;
  return at;
}

/**
 * The position after the quoted-string (RFC 9110 section 5.6.4) that begins at `from`; `from`
 * itself if it has no end.
 */
function afterQuoted(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at += 1) {
    if (line[at] === '"') return at + 1;
    if (line[at] === '\\') at += 1;
    const code = line.charCodeAt(at);
    if (Number.isNaN(code) || code === 0x7f || (code < 0x20 && code !== 0x09)) return from;
  }
  return from;
}
