/**
 * Incremental parser of an HTTP/1.x response head, for the lean reader. Strict where leniency would
 * let two readers see two different messages (RFC 9112 sections 2.2, 5 and 6), bounded in size, and
 * its only failure is `origin-protocol`.
 */
import type { OriginHead } from '../model/fetch.js';
import { isDigits, isFieldValue, isToken, tokenMembers, trimOws } from '../model/field-syntax.js';
import { headersFromRaw, headerValue, type HeaderMap } from '../model/headers.js';
import { protocolError } from './transport-error.js';

/** All head bytes of one response, interim responses included. Node's own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** How the end of the body is found (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'chunked' }
  /** A transfer coding of old: for a fuller client. */
  | { readonly kind: 'beyond'; readonly feature: string };

export interface ParsedHead {
  readonly head: OriginHead;
  readonly framing: BodyFraming;
  /** True when the connection may carry another request after the body. */
  readonly keepAlive: boolean;
  /** Index in the bytes of the last `push` where the body begins. */
  readonly bodyStart: number;
}

/** Answers an Expect, which no request of ours has. */
const CONTINUE = 100;

const LF = 0x0a;
const CR = 0x0d;

/** Statuses above 599 are invalid, and forwarded unchanged (RFC 9110 section 15). */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: |$)/;
/** Fields that decide where the body ends: a spoilt one cannot be dropped, only refused. */
const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
]);

/** Feed it bytes until it returns a head; then it is spent. */
export class ResponseHeadParser {
  #partial = '';
  #lines: string[] = [];
  #bytesSeen = 0;
  readonly #onInterim: (head: OriginHead) => void;

  /** `onInterim` receives each interim response. */
  constructor(onInterim: (head: OriginHead) => void = () => undefined) {
    this.#onInterim = onInterim;
  }

  /** True before the first byte: a connection closed now has answered nothing. */
  get untouched(): boolean {
    return this.#bytesSeen === 0;
  }

  /**
   * Takes the next bytes off the connection. Returns the head when it is complete, after any
   * interim responses; throws `origin-protocol` when this is no response head.
   */
  push(bytes: Uint8Array): ParsedHead | undefined {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    while (from < data.length) {
      const lf = data.indexOf(LF, from);
      const end = lf === -1 ? data.length : lf + 1;
      this.#bytesSeen += end - from;
      if (this.#bytesSeen > MAX_HEAD_BYTES) throw protocolError('a response head beyond 64 KiB');
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
      // Checked at once, so that a peer that talks another protocol is not read any further.
      if (this.#lines.length === 0 && !STATUS_LINE.test(line))
        throw protocolError('not an HTTP/1 response');
      this.#lines.push(line);
      return undefined;
    }
    const [statusLine = '', ...fieldLines] = this.#lines;
    this.#lines = [];
    const match = STATUS_LINE.exec(statusLine);
    if (match === null) throw protocolError('an empty response head');
    const status = Number(match[2]);
    if (status === 101) throw protocolError('101 without an Upgrade');
    if (status < 200) {
      this.#passInterim(status, fieldLines);
      return undefined;
    }
    return interpret(status, match[1] === '1', parseFields(fieldLines));
  }

  /** A malformed interim response is skipped: the final one is still to come. */
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
    // Any other field with CR, NUL or the like is dropped: it must not reach a client.
  }
  return headersFromRaw(raw);
}

/**
 * Content-Length, where repeated values are equal (RFC 9112 section 6.3); `null` when absent.
 * Leaves the one value in `headers`. Throws `origin-protocol` for anything but one number of
 * digits.
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
  const promisesMore = options.includes('keep-alive');
  const keepAlive = !options.includes('close') && (http11 || promisesMore);
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
      // Forebay sends no TE (RFC 9112 section 7.4), and a coded body would be taken for the object.
      throw protocolError('a transfer coding that was not asked for');
  }
  if (contentLength !== null) return { kind: 'length', bytes: contentLength };
  // Whatever Connection promises: there is no other end (RFC 9112 section 6.3).
  return { kind: 'until-close' };
}
