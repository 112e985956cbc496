/**
 * Answers what never becomes an exchange: what node's parser or timers refused, and CONNECT. A raw
 * reply, as there is no request to respond to. Called by http/server.
 */
import type { Duplex } from 'node:stream';
import type { RequestEnding } from '../../telemetry/request-record.js';
import { cacheStatus } from '../reply/cache-status.js';
import { formatHttpDate } from '../../model/http-date.js';

export type RawRefusal =
  'bad-request' | 'head-too-large' | 'request-timeout' | 'method-not-allowed';

interface Status {
  readonly code: number;
  readonly reason: string;
}

const STATUSES: Readonly<Record<RawRefusal, Status>> = {
  'bad-request': { code: 400, reason: 'Bad Request' },
  'head-too-large': { code: 431, reason: 'Request Header Fields Too Large' },
  'request-timeout': { code: 408, reason: 'Request Timeout' },
  'method-not-allowed': { code: 405, reason: 'Method Not Allowed' },
};

/** What the reply depends on. */
export interface RawContext {
  /** A response is running on the connection. */
  readonly busy: boolean;
  readonly nowMs: number;
  readonly requestId: string;
  /** The Allow field of a 405 (http/request/allow). */
  readonly allow: string;
}

/** What became of a refusal. */
export interface RawOutcome {
  /** `null`: the connection was closed without an answer. */
  readonly status: number | null;
  readonly ending: RequestEnding;
  /** Of the answer's content. */
  readonly bytesSent: number;
}

const UNANSWERED: RawOutcome = { status: null, ending: 'failed', bytesSent: 0 };

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
 * the middle of that, so the connection is only closed. Resolves when it is. Never rejects.
 */
export function refuseRaw(
  socket: Duplex,
  refusal: RawRefusal,
  context: RawContext,
): Promise<RawOutcome> {
  if (context.busy || !socket.writable) {
    socket.destroy();
    return Promise.resolve(UNANSWERED);
  }
  const { code: status } = STATUSES[refusal];
  const content = `${refusal} (request ${context.requestId})\n`;
  return new Promise((resolve) => {
    let outcome: RawOutcome = { status, ending: 'client-closed', bytesSent: 0 };
    // Node removes its own error listener from the socket of a CONNECT: a reset would end the
    // process.
    socket.on('error', () => undefined);
    socket.once('finish', () => {
      outcome = { status, ending: 'complete', bytesSent: content.length };
      socket.destroy();
    });
    socket.once('close', () => {
      resolve(outcome);
    });
    socket.end(rawReply(refusal, content, context));
  });
}

function rawReply(
  refusal: RawRefusal,
  content: string,
  { nowMs, requestId, allow }: RawContext,
): string {
  const { code, reason } = STATUSES[refusal];
  return [
    `HTTP/1.1 ${String(code)} ${reason}`,
    'Connection: close',
    `Date: ${formatHttpDate(nowMs)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${requestId}`,
    `Cache-Status: ${cacheStatus({ kind: 'refused', reason: refusal }, undefined)}`,
    ...(refusal === 'method-not-allowed' ? [`Allow: ${allow}`] : []),
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(content.length)}`,
    '',
    content,
  ].join('\r\n');
}
