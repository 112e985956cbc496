/** Segments: the pieces of a body to be sent to a client, and the port that sends them. */
import type { ChunkOffset } from './offset.js';
import type { ServerResponse } from 'node:http';

/** An open descriptor with a count of its users; the last `release` closes it. */
export interface OpenFile {
  readonly fd: number;
  retain(): void;
  release(): void;
}

export type WatermarkState = 'growing' | 'complete' | 'failed';

/** How far a growing file may be read: advanced by a worker thread, watched by senders. */
export interface Watermark {
  /**
   * The position up to which the file may be read from byte `at` on; at most `at` where that byte
   * may not be. Never falls.
   */
  readableTo(at: ChunkOffset): ChunkOffset;
  /** Bytes that have come for the file, wherever in it they belong. Never falls. */
  readonly receivedBytes: number;
  /** Read before `readableTo` where both matter: after `complete`, that is final. */
  readonly state: WatermarkState;
  /** Resolves when byte `at` may be read or the state is no longer `growing`. */
  wait(at: ChunkOffset): Promise<void>;
}

/**
 * A piece of a body. The taker of a `file` or `growing` segment calls its `release` once, when its
 * bytes were sent or will not be.
 */
export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      readonly file: OpenFile;
      readonly offset: ChunkOffset;
      readonly length: number;
      release(): void;
    }
  | {
      readonly kind: 'growing';
      readonly file: OpenFile;
      readonly watermark: Watermark;
      readonly offset: ChunkOffset;
      readonly length: number;
      /** Why the watermark failed, once it has. */
      failure?(): unknown;
      release(): void;
    };

/** Status line and fields of our own response. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** A part of an open file; borrowed for the call that it is given to. */
export interface FilePart {
  readonly file: OpenFile;
  readonly offset: number;
  readonly length: number;
}

export type SendEnd =
  /** Every segment was sent. The response is left open for more. */
  | { readonly reason: 'complete'; readonly bytesSent: number }
  /** A file was short, could not be read, or its watermark failed: plan again from here. */
  | { readonly reason: 'source-failed'; readonly bytesSent: number; readonly cause: unknown }
  /** The client went away. */
  | { readonly reason: 'client-closed'; readonly bytesSent: number }
  /** The client took nothing for the idle bound. */
  | { readonly reason: 'client-idle'; readonly bytesSent: number };

/** The state of one send; may be read at any time, also after its end. */
export interface SendView {
  /** Bytes of the body that the kernel took. */
  readonly bytesSent: number;
  /** What it waits for: bytes to send, or room at the client. */
  readonly waitsFor: 'source' | 'client';
  /** Monotonic ms since which it has waited for that, without a byte of progress. */
  readonly sinceMs: number;
}

/**
 * Sends an ordered, growing list of segments as the body of one response. `head` is written before
 * the first byte, once per response: a call that continues a response passes `null`. The iterable
 * is pulled as there is room, closed (`return`) on every ending, and its own failure is
 * `source-failed`. `observe` is given a view of the send as it begins. Never rejects.
 */
export interface SegmentSender {
  send(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
    observe?: (view: SendView) => void,
  ): Promise<SendEnd>;
  /** Sends small bodies without waiting; `null` if that is not possible here. */
  readonly inline: InlineSender | null;
}

export type InlineSendEnd =
  /** Nothing was sent; the response is unchanged. */
  | { readonly kind: 'nothing' }
  /** All of it; the response has ended. */
  | { readonly kind: 'all' }
  /**
   * The head and so many bytes: it goes on with `SegmentSender.send`, without a head, and `end`.
   */
  | { readonly kind: 'some'; readonly bytesSent: number };

/** Sends what needs no wait, in one call. */
export interface InlineSender {
  /** Bodies up to this length are worth it. */
  readonly maxBytes: number;
  /** Sends `head` as it is, and then `part`, as far as the connection takes it now. */
  send(response: ServerResponse, head: string, part: FilePart | null): InlineSendEnd;
}
