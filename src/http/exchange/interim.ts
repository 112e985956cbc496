/**
 * Passes interim responses of an origin on to the client that waits (RFC 9110 section 15.2). Made
 * for each request by http/exchange/exchange; http/exchange/lookup-span ends it with the wait.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { OriginHead } from '../../model/fetch.js';
import { headerValue } from '../../model/headers.js';
import { endToEndFields } from '../reply/fields.js';

/** More for one request are of no use; each retry may send its own again. */
export const MAX_INTERIM = 16;

/**
 * Fields about content that does not follow; and cookies, which are for one client, while all
 * collapsed clients receive an interim response.
 */
const NOT_OF_INTERIM = /^(?:content-(?:length|range)|set-cookie2?)$/;

/** What takes interim responses for `response`, as long as nothing else was written for it. */
export function interimTo(
  { httpVersion }: Pick<IncomingMessage, 'httpVersion'>,
  response: ServerResponse,
): (head: OriginHead) => void {
  let left = MAX_INTERIM;
  return ({ status, headers }) => {
    const { socket } = response;
    // Forebay did not request 100 or 101 for its clients, and HTTP/1.0 has no interim responses.
    if (status <= 101 || status > 199 || httpVersion !== '1.1' || left === 0) return;
    // Enough is queued already: a client that does not read gets no more before its answer.
    if (response.headersSent || socket?.writable !== true || socket.writableLength > 0) return;
    left -= 1;
    const fields = endToEndFields(headers);
    const lines = Object.keys(fields)
      .filter((name) => !NOT_OF_INTERIM.test(name))
      .map((name) => `${name}: ${headerValue(fields, name) ?? ''}\r\n`);
    const reason = STATUS_CODES[status] ?? '';
    socket.write(`HTTP/1.1 ${String(status)} ${reason}\r\n${lines.join('')}\r\n`, 'latin1');
  };
}
