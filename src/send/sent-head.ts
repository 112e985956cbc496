/**
 * Marks a response whose head, or all of which, was sent without Node, so that keep-alive,
 * pipelining and half-closed connections work as after any other. The only file that depends on
 * undocumented parts of `ServerResponse`. Works on Node 20 to 24; test/send/sent-head fails where
 * it does not.
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
