/**
 * Incremental parser of the chunked transfer coding (RFC 9112 section 7.1), used by body-frame.
 * Strict, because all parsers of one connection must find the same end: only CRLF ends a line, a
 * size is hexadecimal digits alone, extensions and trailers must match their grammar. It takes
 * linear time and bounded memory. Its only error is `origin-protocol`.
 */
import { isToken } from '../model/field-syntax.js';
import { protocolError } from './transport-error.js';

/** Longest size line of a chunk with its extensions. Signatures there take about 100 bytes. */
export const MAX_SIZE_LINE_BYTES = 4 * 1024;

/** Longest trailer section of one body. It is read and discarded: nothing uses trailers. */
export const MAX_TRAILER_BYTES = 16 * 1024;

/** Most digits of a size: thirteen reach 2^52, within which a `number` counts bytes exactly. */
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
  /** The current line as far as it was read, without CRLF; latin1. */
  #line = '';
  /** True when the last byte was a CR: only LF may follow. */
  #endsLine = false;
  #trailerBytes = 0;

  /** True once the last chunk and the trailer section have been read. */
  get done(): boolean {
    return this.#state.kind === 'done';
  }

  /**
   * Parses the next bytes of the connection and passes each piece of content to `content`, in
   * order. Returns how many of the bytes belong to the body: fewer than all once it is `done`.
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

  /** Reads to the end of the line or of `bytes`; returns the index after the last byte read. */
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
          throw protocolError('a chunk size line is longer than 4 KiB');
        break;
      case 'trailer':
        // CRLF counts as two bytes, which bounds the number of short lines too.
        this.#trailerBytes += length + (to < bytes.length ? 2 : 0);
        if (this.#trailerBytes > MAX_TRAILER_BYTES)
          throw protocolError('the trailer section is longer than 16 KiB');
        break;
      default:
        if (length > 0) throw protocolError('a chunk is longer than its size');
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
        // Rejects folded lines and white space before the colon too (RFC 9112 sections 5.1, 5.2).
        else if (!isToken(line.slice(0, Math.max(line.indexOf(':'), 0))))
          throw protocolError('a malformed trailer field');
        return;
      default:
        return;
    }
  }
}

/** Returns the size in a chunk's size line; throws `origin-protocol` for a malformed line. */
function chunkSize(line: string): number {
  let digits = 0;
  while (digits < line.length && isHexDigit(line.charCodeAt(digits))) digits += 1;
  // Leading zeros are legal; the bound on the line limits them.
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
    // BWS is only legal before another part of an extension, so not at the end of the line.
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
 * Returns the index after the quoted-string (RFC 9110 section 5.6.4) that begins at `from`; `from`
 * itself where the quoted-string is malformed.
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
