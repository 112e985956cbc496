/**
 * Sends one reply: feeds the cache's segments to the sender, and plans the rest of a body again if
 * its source fails. http/exchange/exchange calls it and judges the end.
 */
import type { ServerResponse } from 'node:http';
import { type ErrorReport, reportError } from '../../model/errors.js';
import type { SegmentSender, SendView } from '../../model/segment.js';
import { writeHead } from '../../send/write-head.js';
import { contentLength, segmentsFrom } from '../reply/content.js';
import type { Reply } from '../reply/respond.js';

/**
 * Plans in a row that may fail without a byte of progress. A failed disk read heals at the next
 * plan (the chunk is dropped and fetched), a failed fill at the one after; a third is in vain.
 */
export const MAX_BARREN_PLANS = 3;

export type DeliveryEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'client-closed' }
  | { readonly kind: 'client-idle' }
  /** If no head was sent, an error may still be answered; else the connection has to go. */
  | { readonly kind: 'failed'; readonly error: ErrorReport };

export type Delivery = DeliveryEnd & { readonly bytesSent: number };

/** Is given each send of a body as it begins, and how many bytes went out before it. */
export interface SendWatch {
  sending(view: SendView, sentBefore: number): void;
}

/**
 * Sends `reply` and ends the response once it is complete. Rejects for bugs only. `from`: bytes of
 * the body that were sent with the head already.
 */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  sender: SegmentSender,
  watch?: SendWatch,
  from = 0,
): Promise<Delivery> {
  switch (reply.kind) {
    case 'head-only':
      writeHead(response, reply.head);
      response.end();
      return { kind: 'complete', bytesSent: 0 };
    case 'text': {
      writeHead(response, reply.head);
      response.end(reply.text);
      const bytesSent = response.req.method === 'HEAD' ? 0 : Buffer.byteLength(reply.text);
      return { kind: 'complete', bytesSent };
    }
    case 'body':
      return deliverBody(response, reply, sender, watch, from);
  }
}

/** Ends a response in its middle so that the client must notice. */
export function cut(response: ServerResponse, { head }: Reply): void {
  const { httpVersion, socket } = response.req;
  // A body without a length ends with its connection, so a failed one must end with a reset.
  if (httpVersion === '1.0' && head.headers['content-length'] === undefined) {
    socket.resetAndDestroy();
  } else response.destroy();
}

/** Length of the reply's body in bytes; `null` if it is unknown until the end. */
export function replyLength(reply: Reply): number | null {
  switch (reply.kind) {
    case 'head-only':
      return 0;
    case 'text':
      return Buffer.byteLength(reply.text);
    case 'body': {
      const length = contentLength(reply.content);
      return length === Infinity ? null : length;
    }
  }
}

async function deliverBody(
  response: ServerResponse,
  { head, body, content }: Extract<Reply, { kind: 'body' }>,
  sender: SegmentSender,
  watch: SendWatch | undefined,
  from: number,
): Promise<Delivery> {
  const length = contentLength(content);
  let at = from;
  let barrenPlans = 0;
  for (let after: 'nothing' | 'failure' = 'nothing'; ; after = 'failure') {
    // A plan that failed before its first byte wrote no head either.
    const pendingHead = response.headersSent ? null : head;
    const before = at;
    const segments = segmentsFrom(body, content, at, after);
    const end = await sender.send(response, pendingHead, segments, (view) => {
      watch?.sending(view, before);
    });
    at += end.bytesSent;
    switch (end.reason) {
      case 'client-closed':
      case 'client-idle':
        return { kind: end.reason, bytesSent: at };
      case 'complete':
        if (length !== Infinity && at !== length) {
          return { kind: 'failed', error: wrongLength(at, length), bytesSent: at };
        }
        response.end();
        return { kind: 'complete', bytesSent: at };
      case 'source-failed': {
        const error = reportError(end.cause);
        barrenPlans = end.bytesSent > 0 ? 0 : barrenPlans + 1;
        if (barrenPlans >= MAX_BARREN_PLANS || !mayMend(error)) {
          return { kind: 'failed', error, bytesSent: at };
        }
      }
    }
  }
}

/**
 * Whether a new plan may succeed: only after failures of a local source. The origin's failures were
 * retried below; another wait for it would multiply the bound of that wait.
 */
function mayMend({ code, retryable }: ErrorReport): boolean {
  return retryable && (code === 'disk' || code === 'stored-corrupt' || code === 'internal');
}

function wrongLength(at: number, end: number): ErrorReport {
  const message = `the body ended at ${String(at)} instead of ${String(end)}`;
  return { code: 'internal', message, source: 'internal', retryable: false };
}
