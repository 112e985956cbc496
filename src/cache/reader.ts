/**
 * Reads ranges of one generation for one request: plans the chunk reads, keeps several of them open
 * ahead of the sender, and turns each into a segment. The Body that the HTTP front sends from.
 */
import type { Segment } from '../model/segment.js';
import type { Body, ReadCost } from './answer.js';
import type { Cost } from './cost.js';
import type { ChunkView } from './flight.js';
import type { Generation } from './generation.js';
import { type ChunkRead, planReads } from './plan.js';
import { ReadAhead } from './read-ahead.js';
import { boundOf, type Want } from './want.js';
import { within } from '../model/deferred.js';

export class RepresentationBody implements Body {
  readonly acceptsRanges: boolean;
  readonly #generation: Generation;
  readonly #want: Want;
  readonly #cost: Cost;
  #closed = false;

  /** Retains `generation` until `close`. `want` writes to `cost`. */
  constructor(generation: Generation, want: Want, cost: Cost) {
    this.#generation = generation;
    this.#want = want;
    this.#cost = cost;
    this.acceptsRanges = generation.lengthBytes !== null;
    generation.retain();
  }

  get isKept(): boolean {
    return !this.#generation.ephemeral;
  }

  get lengthBytes(): number | null {
    return this.#generation.lengthBytes;
  }

  async *read(
    range: { readonly start: number; readonly end: number },
    after: 'nothing' | 'failure' = 'nothing',
  ): AsyncGenerator<Segment> {
    const generation = this.#generation;
    const end = Math.min(range.end, generation.lengthBytes ?? Infinity);
    // The disk may be to blame for what failed.
    if (after === 'failure') {
      generation.doubtHeld(Math.floor(range.start / generation.chunkSizeBytes));
    }
    const reads = planReads({ start: range.start, end }, generation.chunkSizeBytes);
    if (end === Infinity) yield* this.#readToEnd(reads);
    else yield* this.#readKnown(reads, end);
  }

  cost(): ReadCost {
    return this.#cost;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#generation.release();
  }

  async *#readKnown(reads: Iterable<ChunkRead>, end: number): AsyncGenerator<Segment> {
    const generation = this.#generation;
    const lastIndex = Math.ceil(end / generation.chunkSizeBytes) - 1;
    const ahead = new ReadAhead(generation, this.#want, lastIndex);
    try {
      for (const { index, within: part } of reads) {
        const view = await ahead.take(index);
        if (view === undefined) return;
        yield segmentOf(view, part.start, part.end - part.start);
      }
    } finally {
      ahead.close();
    }
  }

  /** Without a length a segment ends where the bytes do: each one is what has just arrived. */
  async *#readToEnd(reads: Iterable<ChunkRead>): AsyncGenerator<Segment> {
    for (const { index, within: part } of reads) {
      const view = await this.#generation.open(index, this.#want);
      if (view === undefined) return;
      try {
        let at = part.start;
        while (at < part.end) {
          const end = Math.min(part.end, await this.#arrived(view, index, at));
          if (end <= at) break;
          view.file.retain();
          const { file } = view;
          yield { kind: 'file', file, offset: at, length: end - at, release: once(file) };
          // Not what has arrived by now: the sender took a while, and more came that was not sent.
          at = end;
        }
      } finally {
        view.release();
      }
    }
  }

  /** How many bytes of a chunk there are, once there are more than `at` or it has ended. */
  async #arrived(view: ChunkView, index: number, at: number): Promise<number> {
    const { services, object } = this.#generation;
    const { watermark } = view;
    // Stored already, while the rest of the object arrives: its record knows its length.
    if (watermark === null) return object.record(index)?.lengthBytes ?? 0;
    await within(watermark.wait(at), boundOf(services, this.#want.signal));
    const { state } = watermark;
    const { available } = watermark;
    if (state === 'failed' && available <= at) throw view.failure();
    return available;
  }
}

function segmentOf(view: ChunkView, offset: number, length: number): Segment {
  const { file, watermark } = view;
  const release = (): void => {
    view.release();
  };
  if (watermark === null || watermark.available >= offset + length) {
    return { kind: 'file', file, offset, length, release };
  }
  const failure = (): unknown => view.failure();
  return { kind: 'growing', file, watermark, offset, length, failure, release };
}

function once(file: { release(): void }): () => void {
  return () => {
    file.release();
  };
}
