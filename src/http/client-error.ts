/**
 * Answers what never becomes an exchange: what node's parser or timers refused, and CONNECT. A raw
 * reply, as there is no request to respond to. Called by http/server.
 */
import type { Duplex } from 'node:stream';
import { cacheStatus } from './cache-status.js';
import { formatHttpDate } from '../model/http-date.js';

export type RawRefusal =
  'bad-request' | 'head-too-large' | 'request-timeout' | 'method-not-allowed';

const STATUS_LINES: Readonly<Record<RawRefusal, string>> = {
  'bad-request': '400 Bad Request',
  'head-too-large': '431 Request Header Fields Too Large',
  'request-timeout': '408 Request Timeout',
  'method-not-allowed': '405 Method Not Allowed',
};

/** Which refusal an error of node's parser or timers is; `undefined` where no answer is of use. */
export function classifyClientError(code: string | undefined): RawRefusal | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return undefined;
    case 'HPE_HEADER_OVERFLOW':
      return 'head-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout';
    default:
      return 'bad-request';
  }
}

/**
 * Answers and closes. On a `busy` connection, where a response is running, the answer would land in
 * the middle of that, so the connection is only closed.
 */
export function refuseRaw(
  socket: Duplex,
  refusal: RawRefusal | undefined,
  { busy, nowMs }: { readonly busy: boolean; readonly nowMs: number },
): void {
  if (refusal === undefined || busy || !socket.writable) {
    socket.destroy();
    return;
  }
  // Node takes its own listener off a socket that asked for CONNECT: without one a reset would end the process.
  socket.on('error', () => undefined);
  socket.end(rawReply(refusal, nowMs), () => {
    socket.destroy();
  });
}

function rawReply(refusal: RawRefusal, nowMs: number): string {
  const body = `${refusal}\n`;
  return [
    `HTTP/1.1 ${STATUS_LINES[refusal]}`,
    'Connection: close',
    `Date: ${formatHttpDate(nowMs)}`,
    'Cache-Control: no-store',
    `Cache-Status: ${cacheStatus({ kind: 'refused', reason: refusal }, undefined)}`,
    ...(refusal === 'method-not-allowed' ? ['Allow: GET, HEAD'] : []),
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(body.length)}`,
    '',
    body,
  ].join('\r\n');
}
