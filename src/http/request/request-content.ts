/**
 * The content of a request that is passed on: how it is framed (RFC 9112 section 6), and its bytes
 * as they arrive, within a bound. http/request/screen judges the framing, http/exchange/exchange
 * reads the bytes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ForebayError } from '../../model/errors.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';

/**
 * The most content of one request: what object stores take in one PUT. `listen.requestTimeout`
 * bounds the time; memory is bounded by back-pressure.
 */
export const MAX_CONTENT_BYTES = 5 * 1024 ** 3;

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Two servers could see its end in two places. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'too-large' };

/** True if a request declares content, even empty content. */
export function isContentDeclared(headers: HeaderMap): boolean {
  return 'content-length' in headers || 'transfer-encoding' in headers;
}

/** How the content of a request with these fields ends. */
export function framingOf(headers: HeaderMap, httpVersion: string): Framing {
  const length = headerValue(headers, 'content-length');
  const coding = headerValue(headers, 'transfer-encoding');
  if (coding !== undefined) {
    const plain = coding.toLowerCase() === 'chunked';
    return plain && length === undefined && httpVersion === '1.1'
      ? { kind: 'chunked' }
      : { kind: 'ambiguous' };
  }
  if (length === undefined) return { kind: 'none' };
  if (!/^[0-9]+$/.test(length)) return { kind: 'ambiguous' };
  const bytes = Number(length);
  return bytes > MAX_CONTENT_BYTES ? { kind: 'too-large' } : { kind: 'length', bytes };
}

/**
 * The content of a request to be forwarded; `null` without any. The client is invited to send it if
 * it waits for that.
 */
export function contentToPass(
  request: IncomingMessage,
  response: Pick<ServerResponse, 'writeContinue'>,
  framing: Extract<Framing, { kind: 'none' | 'length' | 'chunked' }>,
): { readonly lengthBytes: number | null; readonly bytes: AsyncIterable<Uint8Array> } | null {
  if (framing.kind === 'none') return null;
  const bytes = contentOf(request, () => {
    const expects = request.headers.expect !== undefined;
    if (expects && request.httpVersion === '1.1') response.writeContinue();
  });
  return { lengthBytes: framing.kind === 'length' ? framing.bytes : null, bytes };
}

/**
 * The content as it arrives. `onWanted` is called before the first byte is read, for clients that
 * sent `Expect: 100-continue`. Throws `client-too-large` beyond `maxBytes` and `client-aborted`
 * when the client leaves. Ending the iteration early does not end the connection.
 */
export async function* contentOf(
  request: IncomingMessage,
  onWanted: () => void,
  maxBytes = MAX_CONTENT_BYTES,
): AsyncGenerator<Uint8Array> {
  onWanted();
  let received = 0;
  try {
    // The response still needs the socket, which destroying the request would take with it.
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      received += (piece as Buffer).length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield piece as Buffer;
    }
  } catch (error) {
    throw error instanceof ForebayError ? error : gone(error);
  }
}

function tooLarge(maxBytes: number): ForebayError {
  return new ForebayError('client-too-large', `more content than ${String(maxBytes)} bytes`, {
    source: 'client',
    retryable: false,
  });
}

function gone(cause: unknown): ForebayError {
  return new ForebayError('client-aborted', 'the client went away', {
    source: 'client',
    retryable: false,
    cause,
  });
}
