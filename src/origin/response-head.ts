/**
 * Incremental parser of an HTTP/1.x response head, for the lean client. Strict where a lenient
 * parser could find another message than other parsers do (RFC 9112 sections 2.2, 5 and 6).
 * Bounded in size. Its only error is `origin-protocol`.
 */
import type { OriginHead } from '../model/fetch.js';
import { isDigits, isFieldValue, isToken, tokenMembers, trimOws } from '../model/field-syntax.js';
import { headersFromRaw, headerValue, type HeaderMap } from '../model/headers.js';
import { protocolError } from './transport-error.js';

/** Most head bytes of one response, interim responses included. Node's own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** How the end of the body is found (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'chunked' }
  /** An obsolete transfer coding, which the lean client leaves to undici. */
  | { readonly kind: 'beyond'; readonly feature: string };

export interface ParsedHead {
  readonly head: OriginHead;
  readonly framing: BodyFraming;
  /** True when the connection may carry another request after the body. */
  readonly keepAlive: boolean;
  /** Index in the bytes of the last `push` where the body begins. */
  readonly bodyStart: number;
}

/** 100 (Continue): the answer to an Expect field, which Forebay's requests do not have. */
const CONTINUE = 100;

const LF = 0x0a;
const CR = 0x0d;

/** Statuses above 599 are invalid, but passed on unchanged (RFC 9110 section 15). */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: |$)/;
/** Fields that decide where the body ends: a response with an invalid one must be rejected. */
const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
]);

/** Parses one response: the caller pushes bytes until `push` returns a head. */
export class ResponseHeadParser {
  #partial = '';
  #lines: string[] = [];
  #bytesSeen = 0;
  readonly #onInterim: (head: OriginHead) => void;

  /** `onInterim` is called with each interim response but 100. */
  constructor(onInterim: (head: OriginHead) => void = () => undefined) {
    this.#onInterim = onInterim;
  }

  /** True before the first byte of the response. */
  get untouched(): boolean {
    return this.#bytesSeen === 0;
  }

  /**
   * Parses the next bytes of the connection. Returns the final head when it is complete. Throws
   * `origin-protocol` for a malformed head.
   */
  push(bytes: Uint8Array): ParsedHead | undefined {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    while (from < data.length) {
      const lf = data.indexOf(LF, from);
      const end = lf === -1 ? data.length : lf + 1;
      this.#bytesSeen += end - from;
      if (this.#bytesSeen > MAX_HEAD_BYTES) {
        throw protocolError('the response head is longer than 64 KiB');
      }
      this.#partial += data.toString('latin1', from, end);
      from = end;
      if (lf === -1) break;
      const parsed = this.#line(this.#partial);
      this.#partial = '';
      if (parsed !== undefined) return { ...parsed, bodyStart: end };
    }
    return undefined;
  }

  #line(text: string): Omit<ParsedHead, 'bodyStart'> | undefined {
    if (text.charCodeAt(text.length - 2) !== CR) throw protocolError('a head line without CR');
    const line = text.slice(0, -2);
    if (line !== '') {
      // Checked at once, so that nothing more is read from a server of another protocol.
      if (this.#lines.length === 0 && !STATUS_LINE.test(line))
        throw protocolError('the response is not HTTP/1');
      this.#lines.push(line);
      return undefined;
    }
    const [statusLine = '', ...fieldLines] = this.#lines;
    this.#lines = [];
    const match = STATUS_LINE.exec(statusLine);
    if (match === null) throw protocolError('an empty response head');
    const status = Number(match[2]);
    if (status === 101) throw protocolError('the origin answered 101 without a requested Upgrade');
    if (status < 200) {
      this.#passInterim(status, fieldLines);
      return undefined;
    }
    return interpret(status, match[1] === '1', parseFields(fieldLines));
  }

  /** Reports an interim response. Skips a malformed one, because the final response follows. */
  #passInterim(status: number, fieldLines: readonly string[]): void {
    if (status === CONTINUE) return;
    let headers: HeaderMap;
    try {
      headers = parseFields(fieldLines);
    } catch {
      return;
    }
    this.#onInterim({ status, headers, contentLength: null });
  }
}

function parseFields(lines: readonly string[]): HeaderMap {
  const raw: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    // Also catches folded lines and white space before the colon (RFC 9112 sections 5.1 and 5.2).
    if (!isToken(name)) throw protocolError('a malformed field line');
    const value = trimOws(line.slice(colon + 1));
    if (isFieldValue(value)) raw.push(name, value);
    else if (FRAMING_FIELDS.has(name.toLowerCase()))
      throw protocolError(`control characters in ${name}`);
    // Any other field with CR, NUL or another control character is dropped: it must not reach a
    // client.
  }
  return headersFromRaw(raw);
}

/**
 * Returns Content-Length, whose repeated values must be equal (RFC 9112 section 6.3); `null` when
 * absent. Reduces the field in `headers` to one value. Throws `origin-protocol` for any value that
 * is not one number of digits.
 */
export function contentLengthOf(headers: HeaderMap): number | null {
  const text = headerValue(headers, 'content-length');
  if (text === undefined) return null;
  const values = new Set(text.split(',').map(trimOws));
  const [value = ''] = values;
  const length = Number(value);
  if (values.size !== 1 || !isDigits(value) || !Number.isSafeInteger(length)) {
    throw protocolError('a malformed Content-Length');
  }
  headers['content-length'] = value;
  return length;
}

function interpret(status: number, http11: boolean, headers: HeaderMap) {
  const contentLength = contentLengthOf(headers);
  const transferCoding = headerValue(headers, 'transfer-encoding');
  if (transferCoding !== undefined && (contentLength !== null || !http11)) {
    throw protocolError('contradictory framing: Transfer-Encoding with Content-Length or HTTP/1.0');
  }
  const options = tokenMembers(headerValue(headers, 'connection'));
  const hasKeepAlive = options.includes('keep-alive');
  const keepAlive = !options.includes('close') && (http11 || hasKeepAlive);
  const framing = framingOf(status, contentLength, transferCoding);
  return { head: { status, headers, contentLength }, framing, keepAlive };
}

function framingOf(
  status: number,
  contentLength: number | null,
  transferCoding: string | undefined,
): BodyFraming {
  if (status === 204 || status === 304) return { kind: 'none' };
  switch (transferCoding === undefined ? undefined : trimOws(transferCoding).toLowerCase()) {
    case undefined:
      break;
    case 'chunked':
      return { kind: 'chunked' };
    case 'identity':
      return { kind: 'beyond', feature: 'transfer-encoding' };
    default:
      // Requests have no TE field (RFC 9112 section 7.4), and the coded bytes would be stored as
      // the object.
      throw protocolError('the response has a transfer coding that was not requested');
  }
  if (contentLength !== null) return { kind: 'length', bytes: contentLength };
  // Even with Connection: keep-alive, as nothing else marks the end (RFC 9112 section 6.3).
  return { kind: 'until-close' };
}
