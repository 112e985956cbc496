/** Writes a `ResponseHead` on node's response: shared by the senders and by http/deliver. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseHead } from '../model/segment.js';

/** Sets status and fields; node's own reason phrase. Throws for fields that could inject a line. */
export function writeHead(response: ServerResponse, head: ResponseHead): void {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(head.headers)) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  response.writeHead(head.status, headers);
}
