/**
 * A response whose head, or all of which, went out past node. The only place that knows what node
 * does not document: how a `ServerResponse` is told so, that keep-alive, pipelining and half-closed
 * connections go on as after any other. Works on Node 20 to 24; test/send/sent-head says when it no
 * longer does.
 */
import type { ServerResponse } from 'node:http';

/** The head was sent: node writes none, and `end` comes after the last byte of the body. */
export function headWasSent(response: ServerResponse, head: string): void {
  Object.assign(response, { _header: head, _headerSent: true });
}

/** Head and body were sent: the next response has its turn when this returns. */
export function allWasSent(response: ServerResponse, head: string): void {
  Object.assign(response, { _header: head, _headerSent: true, finished: true });
  response.emit('finish');
}
