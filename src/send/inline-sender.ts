/**
 * Small answers in one system call or two, from the main thread: head and bytes go from the page
 * cache to the connection without a promise. Made by `SendfileSender`, which goes on where the
 * connection is full.
 */
import type { ServerResponse } from 'node:http';
import { native } from '../compute/native.js';
import type { FilePart, InlineSendEnd, InlineSender } from '../model/segment.js';
import { allWasSent, headWasSent } from './sent-head.js';
import { socketFd } from './socket-fd.js';

/**
 * Up to here sending holds the main thread up for no longer than handing over to the pump does: at
 * 256 KiB some 50 us, at 1 MiB some 200 us, which is what an exchange and its transfer take
 * (docs/PERFORMANCE.md).
 */
export const INLINE_SEND_MAX_BYTES = 1024 * 1024;

/** What native/inline_send_binding takes; an origin may send longer ones. */
const MAX_HEAD_BYTES = 16 * 1024;

const NOTHING: InlineSendEnd = { kind: 'nothing' };
const ALL: InlineSendEnd = { kind: 'all' };

/** `unfinished` hears of each response that was not sent whole. */
export function inlineSender(unfinished: (response: ServerResponse) => void): InlineSender {
  return {
    maxBytes: INLINE_SEND_MAX_BYTES,
    send: (response, head, part) => {
      const taken = trySend(response, head, part);
      if (taken === 0) return NOTHING;
      if (taken === head.length + (part?.length ?? 0)) {
        allWasSent(response, head);
        return ALL;
      }
      headWasSent(response, head);
      unfinished(response);
      if (taken >= head.length) return { kind: 'some', bytesSent: taken - head.length };
      // Node hands it over before anything of the body is sent (`flushed`).
      response.req.socket.write(head.slice(taken), 'latin1');
      return { kind: 'some', bytesSent: 0 };
    },
  };
}

/** The bytes that the kernel took of both; 0 where this is not the way. */
function trySend(response: ServerResponse, head: string, part: FilePart | null): number {
  const fd = socketFd(response);
  // What node has yet to hand over comes before.
  if (fd === null || response.req.socket.writableLength > 0) return 0;
  if (head.length > MAX_HEAD_BYTES) return 0;
  // Without a part its descriptor is not looked at.
  return native.trySendNow(fd, head, part?.file.fd ?? 0, part?.offset ?? 0, part?.length ?? 0);
}
