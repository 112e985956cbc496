/**
 * Reads ranges of one generation for one request: plans the chunk reads, keeps several of them open
 * ahead of the sender, and turns each into a segment. The Body that the HTTP front sends from.
 */
import { chunkIndexAt } from '../../model/chunk.js';
import type { Segment } from '../../model/segment.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { TransferState } from '../../model/transfer.js';
import type { Body, BodyProgress, ReadCost } from '../api/facade.js';
import type { Cost } from '../flight/cost.js';
import type { ChunkView } from '../flight/flight.js';
import type { Generation } from '../object/generation.js';
import { changed } from '../fill/reader-errors.js';
import { type ChunkRead, planReads } from './plan.js';
import { ReadAhead } from './read-ahead.js';
import { ReadProgress } from './read-progress.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';
import { NEVER, within } from '../../model/deferred.js';
import type { ChunkOffset, ObjectOffset } from '../../model/offset.js';

export class RepresentationBody implements Body {
  readonly acceptsRanges: boolean;
  readonly #generation: Generation;
  readonly #fetchContext: FetchContext;
  readonly #cost: Cost;
  readonly #progress = new ReadProgress();
  #closed = false;
  /** True if the first plan covered the object from its first byte to its last. */
  #readsAll: boolean | undefined;
  /** The chunk that is being opened. */
  #opening: number | null = null;

  /** Retains `generation` until `close`. Fetches of `fetchContext` are counted in `cost`. */
  constructor(generation: Generation, fetchContext: FetchContext, cost: Cost) {
    this.#generation = generation;
    this.#fetchContext = fetchContext;
    this.#cost = cost;
    this.acceptsRanges = generation.lengthBytes !== null;
    generation.retain();
  }

  get isKept(): boolean {
    return !this.#generation.isEphemeral;
  }

  get lengthBytes(): number | null {
    return this.#generation.lengthBytes;
  }

  async *read(
    range: ByteRange<ObjectOffset>,
    after: 'nothing' | 'failure' = 'nothing',
  ): AsyncGenerator<Segment> {
    const generation = this.#generation;
    const end = Math.min(range.end, generation.lengthBytes ?? Infinity);
    // The disk may be to blame for what failed.
    if (after === 'failure') {
      generation.doubtHeld(chunkIndexAt(range.start, generation.chunkSizeBytes));
    }
    this.#progress.rewound(range.start);
    this.#readsAll ??= range.start === 0 && end === generation.lengthBytes;
    const reads = planReads({ start: range.start, end }, generation.chunkSizeBytes);
    if (end === Infinity) yield* this.#readToEnd(reads);
    else yield* this.#readKnown(reads, end);
  }

  cost(): ReadCost {
    return this.#cost;
  }

  progress(): BodyProgress {
    const nowMs = this.#generation.services.clock.monotonic();
    return { ...this.#progress.counts(nowMs), state: this.#state(nowMs) };
  }

  heldBytes(): number {
    return this.#bytesOf((index) => this.#generation.isHeld(index));
  }

  heldBeforeBytes(): number {
    return this.#bytesOf(
      (index) => this.#generation.isHeld(index) && !this.#cost.hasBrought(index),
    );
  }

  name(): string | undefined {
    const {
      object,
      lengthBytes,
      chunkSizeBytes,
      isEphemeral: ephemeral,
      endIndex,
    } = this.#generation;
    if (ephemeral || lengthBytes === null) return undefined;
    const ids: string[] = [];
    for (let index = 0; index < endIndex; index += 1) {
      const record = this.#generation.isHeld(index) ? object.record(index) : undefined;
      if (record === undefined) return undefined;
      ids.push(record.id);
    }
    return `${String(lengthBytes)} ${String(chunkSizeBytes)} ${ids.join(' ')}`;
  }

  async landed(): Promise<void> {
    const { chunkSizeBytes, services } = this.#generation;
    for (const start of this.#progress.unsettled(services.clock.monotonic())) {
      const flight = this.#generation.flight(start / chunkSizeBytes);
      // The chunk's reader may have left: its commit goes on.
      if (flight !== undefined) await within(flight.whenEnded, boundOf(services, NEVER));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#generation.release();
  }

  #bytesOf(counts: (index: number) => boolean): number {
    const { chunkSizeBytes, lengthBytes } = this.#generation;
    let bytes = 0;
    for (let index = 0; index * chunkSizeBytes < (lengthBytes ?? 0); index += 1) {
      if (!counts(index)) continue;
      bytes += Math.min(chunkSizeBytes, (lengthBytes ?? 0) - index * chunkSizeBytes);
    }
    return bytes;
  }

  #state(nowMs: number): TransferState | null {
    const index = this.#opening;
    if (index === null) return this.#progress.state(nowMs) ?? null;
    const flight = this.#generation.flight(index);
    if (flight === undefined) return { kind: 'queued' };
    return flight.progress(nowMs).state;
  }

  /** Records which chunk is being opened and then what is read of it. */
  async #opened(
    index: number,
    part: ByteRange,
    opening: Promise<ChunkView | undefined>,
  ): Promise<ChunkView | undefined> {
    const { chunkSizeBytes, services } = this.#generation;
    this.#opening = index;
    const view = await opening;
    this.#opening = null;
    if (view === undefined) return undefined;
    const start = index * chunkSizeBytes;
    const nowMs = services.clock.monotonic();
    const from = this.#cost.takeBrought(index) ?? view;
    this.#progress.opened(from, start, start + part.start, start + part.end, nowMs);
    return view;
  }

  async *#readKnown(reads: Iterable<ChunkRead>, end: number): AsyncGenerator<Segment> {
    const generation = this.#generation;
    const lastIndex = Math.ceil(end / generation.chunkSizeBytes) - 1;
    const ahead = new ReadAhead(generation, this.#fetchContext, lastIndex);
    try {
      for (const { index, within: part } of reads) {
        const taken = await this.#opened(index, part, ahead.take(index, part.start));
        const view = this.#isCurrent(taken)
          ? taken
          : await this.#opened(index, part, generation.open(index, this.#fetchContext));
        if (view === undefined) return;
        yield segmentOf(view, part.start, part.end - part.start);
      }
    } finally {
      ahead.close();
    }
  }

  /**
   * False for a view from before the generation was detached, which it releases. From then on
   * chunks come from a stream that has passed the bytes sent so far. A request for a part ends
   * here, as its client joins parts under the old validator.
   */
  #isCurrent(view: ChunkView | undefined): boolean {
    if (!this.#generation.isDetached) return true;
    if (this.#readsAll === true && view?.isSuperseded?.() === false) return true;
    view?.release();
    if (this.#readsAll !== true) throw changed();
    return false;
  }

  /** Without a length a segment ends with the bytes that have arrived so far. */
  async *#readToEnd(reads: Iterable<ChunkRead>): AsyncGenerator<Segment> {
    for (const { index, within: part } of reads) {
      const view = await this.#opened(
        index,
        part,
        this.#generation.open(index, this.#fetchContext),
      );
      if (view === undefined) return;
      try {
        let at = part.start;
        while (at < part.end) {
          const end = Math.min(part.end, await this.#arrived(view, index, at));
          if (end <= at) break;
          view.file.retain();
          const { file } = view;
          yield { kind: 'file', file, offset: at, length: end - at, release: once(file) };
          // The length at that time, not now: bytes that came while the sender worked were not
          // sent.
          at = end;
        }
      } finally {
        view.release();
      }
    }
  }

  /** How many bytes of a chunk there are, once there are more than `at` or it has ended. */
  async #arrived(view: ChunkView, index: number, at: ChunkOffset): Promise<ChunkOffset> {
    const { services, object } = this.#generation;
    const { watermark } = view;
    // Stored already, while the rest of the object arrives: its record knows its length.
    if (watermark === null) return object.record(index)?.lengthBytes ?? 0;
    await within(watermark.wait(at), boundOf(services, this.#fetchContext.signal));
    const { state } = watermark;
    const readable = watermark.readableTo(at);
    if (state === 'failed' && readable <= at) throw view.failure();
    return readable;
  }
}

function segmentOf(view: ChunkView, offset: number, length: number): Segment {
  const { file, watermark } = view;
  const release = (): void => {
    view.release();
  };
  if (watermark === null || watermark.readableTo(offset) >= offset + length) {
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
