/**
 * `SegmentSender` through ordinary buffers: the fallback that works everywhere (TLS, macOS, tests).
 * Reads on libuv's thread pool, overlapped with the write of the piece before.
 */
import type { ServerResponse } from 'node:http';
import { within } from '../model/deferred.js';
import { ForebayError } from '../model/errors.js';
import type { ResponseHead, Segment, SegmentSender, SendEnd, Watermark } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { BodyWriter, MAX_PENDING_WRITES } from './body-writer.js';
import { BufferPool } from './buffer-pool.js';
import { ClientWatch, GONE } from './client-watch.js';
import { type FileSegment, readableEnd, readSegment, releaseSegment } from './segment-bytes.js';

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

/** How the pulling of segments ended; a client's end is told by the watch. */
type Pulled =
  | { readonly kind: 'all' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly cause: unknown };

export class BufferSender implements SegmentSender {
  readonly #options: BufferSenderOptions;
  readonly #pool = new BufferPool();

  constructor(options: BufferSenderOptions) {
    this.#options = options;
  }

  /** Buffers in use by all sends at this moment. */
  get buffersOut(): number {
    return this.#pool.out;
  }

  /** As the port says. The response must be the one that its socket is at. */
  async send(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
  ): Promise<SendEnd> {
    const { clock, clientIdleTimeoutMs } = this.#options;
    const watch = new ClientWatch(response, clock, clientIdleTimeoutMs);
    const writer = new BodyWriter(response, head, this.#pool, () => {
      watch.finish('client-closed');
    });
    try {
      const pulled = await this.#pull(segments, watch, writer);
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

  async #pull(
    segments: AsyncIterable<Segment>,
    watch: ClientWatch,
    writer: BodyWriter,
  ): Promise<Pulled> {
    const iterator = segments[Symbol.asyncIterator]();
    let pulled: Pulled;
    try {
      pulled = await this.#pullFrom(iterator, watch, writer);
    } catch (cause) {
      pulled = { kind: 'failed', cause };
    }
    const closing = Promise.resolve(iterator.return?.()).catch(ignore);
    // A generator that still waits inside `next` closes only after that wait: not ours to sit out.
    if (pulled.kind !== 'gone') await watch.whilePresent(closing);
    return pulled;
  }

  async #pullFrom(
    iterator: AsyncIterator<Segment>,
    watch: ClientWatch,
    writer: BodyWriter,
  ): Promise<Pulled> {
    for (;;) {
      const next = iterator.next();
      const pulled = await watch.whilePresent(next);
      if (pulled === GONE) {
        // The segment may still come, and its lease is ours then.
        next.then((late) => {
          if (late.done !== true) releaseSegment(late.value);
        }, ignore);
        return { kind: 'gone' };
      }
      if (pulled.done === true) return { kind: 'all' };
      const segment = pulled.value;
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
        const advanced = await watch.whilePresent(this.#advance(segment.watermark, at));
        if (advanced === GONE) return GONE;
      }
    }
    return undefined;
  }

  /** The fill's own bounds come first; this one holds whatever they add up to. */
  #advance(watermark: Watermark, at: number): Promise<void> {
    const { clock, sourceIdleTimeoutMs } = this.#options;
    const late = (): Error =>
      new ForebayError('origin-timeout', 'no byte within the request timeout', {
        source: 'origin',
        retryable: false,
      });
    const bound = { clock, ms: sourceIdleTimeoutMs, timedOut: late, aborted: late };
    return within(watermark.wait(at), bound);
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

/** Waits until fewer than `count` pieces are pending; each acknowledgement renews the idle bound. */
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

function ignore(): void {
  // Failures of a source that nobody reads any more.
}
