/**
 * Answers what node's parser refused: a raw reply, as there is no request to respond to. Installed by
 * http/server on `clientError`.
 */
import type { Duplex } from 'node:stream';

export type ParseRefusal = 'bad-request' | 'head-too-large' | 'request-timeout';

const REPLIES: Readonly<Record<ParseRefusal, string>> = {
  'bad-request': rawReply('400 Bad Request', 'bad-request'),
  'head-too-large': rawReply('431 Request Header Fields Too Large', 'head-too-large'),
  'request-timeout': rawReply('408 Request Timeout', 'request-timeout'),
};

/** Which refusal an error of node's parser or timers is; `undefined` where no answer is of use. */
export function classifyClientError(code: string | undefined): ParseRefusal | undefined {
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
 * Answers and closes. With a response running on the connection the answer would land in the middle
 * of it, so the connection is only closed.
 */
export function refuseRaw(socket: Duplex, refusal: ParseRefusal | undefined, busy: boolean): void {
  if (refusal === undefined || busy || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(REPLIES[refusal], () => {
    socket.destroy();
  });
}

function rawReply(statusLine: string, code: string): string {
  const body = `${code}\n`;
  return [
    `HTTP/1.1 ${statusLine}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(body.length)}`,
    '',
    body,
  ].join('\r\n');
}
