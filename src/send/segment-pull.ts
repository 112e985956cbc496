/**
 * Pulls segments for one send, for as long as its client is there, and closes their iterator on
 * every ending. The senders make one each time.
 */
import type { Segment } from '../model/segment.js';
import { type ClientWatch, GONE } from './client-watch.js';
import { releaseSegment } from './segment-bytes.js';

export class SegmentPull {
  readonly #iterator: AsyncIterator<Segment>;
  readonly #watch: ClientWatch;
  /** A generator still works on the segment after the last one that was taken. */
  #abandoned = false;

  constructor(segments: AsyncIterable<Segment>, watch: ClientWatch) {
    this.#iterator = segments[Symbol.asyncIterator]();
    this.#watch = watch;
  }

  /**
   * The next segment, which the caller releases; `null` after the last one; `GONE` when the wait
   * was cut short: nothing more is to be pulled then. Rejects as the source does.
   */
  async next(): Promise<Segment | null | typeof GONE> {
    const next = this.#iterator.next();
    const pulled = await this.#watch.whilePresent(next);
    if (pulled === GONE) {
      this.#abandoned = true;
      // The segment may still come, and its lease is ours then.
      next.then((late) => {
        if (late.done !== true) releaseSegment(late.value);
      }, ignore);
      return GONE;
    }
    return pulled.done === true ? null : pulled.value;
  }

  /** Closes the iterator. Never rejects. */
  async close(): Promise<void> {
    const closing = Promise.resolve(this.#iterator.return?.()).catch(ignore);
    // A generator that still waits inside `next` closes only after that wait: not ours to sit out.
    if (!this.#abandoned) await this.#watch.whilePresent(closing);
  }
}

function ignore(): void {
  // Failures of a source without a reader are ignored.
}
