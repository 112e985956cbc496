/** Segments, the pieces of a body that is sent to a client, and the port that sends them. */
import type { ServerResponse } from 'node:http';
import type { ChunkOffset } from './offset.js';

/** An open descriptor with a count of its users. It is closed when the last one releases it. */
export interface OpenFile {
  readonly fd: number;
  retain(): void;
  release(): void;
}

export type WatermarkState = 'growing' | 'complete' | 'failed';

/** How far a growing file may be read. A worker thread advances it, senders watch it. */
export interface Watermark {
  /**
   * Returns the position up to which the file may be read from byte `at` on; `at` or less if that
   * byte may not be read yet. Never decreases.
   */
  readableTo(at: ChunkOffset): ChunkOffset;
  /** Bytes received for the file, at any position in it. Never decreases. */
  readonly receivedBytes: number;
  /** Read it before `readableTo` if both matter: after `complete`, `readableTo` is final. */
  readonly state: WatermarkState;
  /** Resolves when byte `at` may be read or the state is no longer `growing`. */
  wait(at: ChunkOffset): Promise<void>;
}

/**
 * A piece of a body. The sender calls `release` of a `file` or `growing` segment once, when its
 * bytes were sent or will not be sent.
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
      /** Returns the error with which the watermark failed, once it has. */
      failure?(): unknown;
      release(): void;
    };

/** Status and fields of a response that Forebay sends. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** A part of an open file, valid only during the call that it is passed to. */
export interface FilePart {
  readonly file: OpenFile;
  readonly offset: number;
  readonly length: number;
}

export type SendEnd =
  /** Every segment was sent. The response is left open for more. */
  | { readonly reason: 'complete'; readonly bytesSent: number }
  /** A file was short or unreadable, or its watermark failed: the caller plans again from here. */
  | { readonly reason: 'source-failed'; readonly bytesSent: number; readonly cause: unknown }
  /** The client went away. */
  | { readonly reason: 'client-closed'; readonly bytesSent: number }
  /** The client accepted no byte within the idle timeout. */
  | { readonly reason: 'client-idle'; readonly bytesSent: number };

/** The progress of one send. May be read at any time, also after its end. */
export interface SendView {
  /** Bytes of the body that the kernel accepted. */
  readonly bytesSent: number;
  /** What the send waits for: bytes from the source, or the client to accept more. */
  readonly waitsFor: 'source' | 'client';
  /** Monotonic time in ms since which it has waited without a byte of progress. */
  readonly sinceMs: number;
}

/**
 * Sends an ordered, growing list of segments as the body of one response. Writes `head` before the
 * first byte, once per response: a call that continues a response passes `null`. Pulls the iterable
 * as the client accepts bytes, closes it (`return`) at every end, and reports an error of it as
 * `source-failed`. Calls `observe` with a view of the send when it begins. Never rejects.
 */
export interface SegmentSender {
  send(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
    observe?: (view: SendView) => void,
  ): Promise<SendEnd>;
  /** Sends small bodies without waiting; `null` if this sender has no way to do so. */
  readonly inline: InlineSender | null;
}

export type InlineSendEnd =
  /** Nothing was sent; the response is unchanged. */
  | { readonly kind: 'nothing' }
  /** Everything was sent, and the response has ended. */
  | { readonly kind: 'all' }
  /**
   * The head and `bytesSent` bytes were sent. The caller continues with `SegmentSender.send`,
   * without a head, and ends the response.
   */
  | { readonly kind: 'some'; readonly bytesSent: number };

/** Sends head and body in one call, without waiting. */
export interface InlineSender {
  /** The longest body that should be sent inline. */
  readonly maxBytes: number;
  /** Sends `head` unchanged, then as much of `part` as the connection accepts now. */
  send(response: ServerResponse, head: string, part: FilePart | null): InlineSendEnd;
}
