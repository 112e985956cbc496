/**
 * Writes a `ResponseHead` on node's response: shared by the senders and by http/exchange/deliver.
 */
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { ResponseHead } from '../model/segment.js';

/**
 * Sets status and fields, with Node's reason phrase, or none for an unknown status. Throws for
 * fields that could inject a line.
 */
export function writeHead(response: ServerResponse, head: ResponseHead): void {
  // Without a prototype, so that `__proto__` is a field like any other.
  const headers = Object.create(null) as OutgoingHttpHeaders;
  for (const [name, value] of Object.entries(head.headers)) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  response.writeHead(head.status, STATUS_CODES[head.status] ?? '', headers);
}
