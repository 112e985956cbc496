/**
 * `SegmentSender` through ordinary buffers: for small bodies, and the fallback that works
 * everywhere (TLS, macOS, chunked bodies, tests). Reads on libuv's thread pool, overlapped with the
 * write of the piece before.
 */
import type { ServerResponse } from 'node:http';
import type { ResponseHead, Segment, SegmentSender, SendEnd, SendView } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { BodyWriter, MAX_PENDING_WRITES } from './body-writer.js';
import { BufferPool } from './buffer-pool.js';
import { ClientWatch, GONE } from './client-watch.js';
import {
  advanced,
  type FileSegment,
  readableEnd,
  readSegment,
  releaseSegment,
} from './segment-bytes.js';
import { SegmentPull } from './segment-pull.js';

export interface BufferSenderOptions {
  readonly clock: Clock;
  /**
   * How long a client may take to make room for one more buffer (up to 256 KiB). Progress within a
   * buffer does not show, so a client slower than that counts as idle too.
   */
  readonly clientIdleTimeoutMs: number;
  /** The longest wait for a growing file's next byte. */
  readonly sourceIdleTimeoutMs: number;
}

/** How the pulling of segments ended; the watch reports a client's end. */
type Pulled =
  | { readonly kind: 'all' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly cause: unknown };

export class BufferSender implements SegmentSender {
  readonly inline = null;
  readonly #options: BufferSenderOptions;
  readonly #pool = new BufferPool();

  constructor(options: BufferSenderOptions) {
    this.#options = options;
  }

  /** Buffers in use by all sends at this moment. */
  get buffersOut(): number {
    return this.#pool.out;
  }

  /** As `SegmentSender.send`. The response must have its socket. */
  async send(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
    observe?: (view: SendView) => void,
  ): Promise<SendEnd> {
    const { clock, clientIdleTimeoutMs } = this.#options;
    const watch = new ClientWatch(response, clock, clientIdleTimeoutMs);
    const writer = new BodyWriter(response, head, this.#pool, () => {
      watch.finish('client-closed');
    });
    observe?.(new WriterView(writer, watch));
    try {
      const pulled = await this.#pull(new SegmentPull(segments, watch), watch, writer);
      // Only what the kernel has counts, and a plan for the rest starts from that count.
      await pendingBelow(1, watch, writer);
      const { bytesSent } = writer;
      if (watch.end !== null) return { reason: watch.end, bytesSent };
      if (pulled.kind === 'failed') {
        return { reason: 'source-failed', bytesSent, cause: pulled.cause };
      }
      writer.flushHead();
      return { reason: 'complete', bytesSent };
    } catch (cause) {
      return { reason: 'source-failed', bytesSent: writer.bytesSent, cause };
    } finally {
      writer.close();
      watch.stop();
    }
  }

  async #pull(pull: SegmentPull, watch: ClientWatch, writer: BodyWriter): Promise<Pulled> {
    let pulled: Pulled;
    try {
      pulled = await this.#pullAll(pull, watch, writer);
    } catch (cause) {
      pulled = { kind: 'failed', cause };
    }
    await pull.close();
    return pulled;
  }

  async #pullAll(pull: SegmentPull, watch: ClientWatch, writer: BodyWriter): Promise<Pulled> {
    for (;;) {
      const segment = await pull.next();
      if (segment === GONE) return { kind: 'gone' };
      if (segment === null) return { kind: 'all' };
      try {
        const sent =
          segment.kind === 'bytes'
            ? await sendBytes(segment.bytes, watch, writer)
            : await this.#sendFile(segment, watch, writer);
        if (sent === GONE) return { kind: 'gone' };
      } finally {
        releaseSegment(segment);
      }
    }
  }

  async #sendFile(
    segment: FileSegment,
    watch: ClientWatch,
    writer: BodyWriter,
  ): Promise<typeof GONE | undefined> {
    const end = segment.offset + segment.length;
    let at = segment.offset;
    while (at < end) {
      if ((await pendingBelow(MAX_PENDING_WRITES, watch, writer)) === GONE) return GONE;
      const readable = readableEnd(segment, at);
      if (readable !== null) {
        at += await this.#sendPiece(segment, at, readable, writer);
      } else if (segment.kind === 'growing') {
        const moved = await watch.whilePresent(advanced(segment.watermark, at, this.#options));
        if (moved === GONE) return GONE;
      }
    }
    return undefined;
  }

  async #sendPiece(
    segment: FileSegment,
    at: number,
    end: number,
    writer: BodyWriter,
  ): Promise<number> {
    const buffer = this.#pool.take();
    let count: number;
    try {
      count = await readSegment(segment, buffer, at, end);
    } catch (error) {
      this.#pool.give(buffer);
      throw error;
    }
    writer.write(buffer.subarray(0, count), buffer);
    return count;
  }
}

async function sendBytes(
  bytes: Uint8Array,
  watch: ClientWatch,
  writer: BodyWriter,
): Promise<typeof GONE | undefined> {
  // An empty chunk would end a chunked body (RFC 9112 section 7.1).
  if (bytes.length === 0) return undefined;
  if ((await pendingBelow(MAX_PENDING_WRITES, watch, writer)) === GONE) return GONE;
  writer.write(bytes, null);
  return undefined;
}

/**
 * Waits until fewer than `count` pieces are pending; each acknowledgement renews the idle bound.
 */
async function pendingBelow(
  count: number,
  watch: ClientWatch,
  writer: BodyWriter,
): Promise<typeof GONE | undefined> {
  while (watch.end === null && writer.pending >= count) {
    await watch.whileTaking(writer.acknowledged());
  }
  return watch.end === null ? undefined : GONE;
}

class WriterView implements SendView {
  readonly #writer: BodyWriter;
  readonly #watch: ClientWatch;

  constructor(writer: BodyWriter, watch: ClientWatch) {
    this.#writer = writer;
    this.#watch = watch;
  }

  get bytesSent(): number {
    return this.#writer.bytesSent;
  }

  get waitsFor(): 'source' | 'client' {
    return this.#watch.waitsFor;
  }

  get sinceMs(): number {
    return this.#watch.sinceMs;
  }
}
