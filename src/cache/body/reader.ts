/**
 * Reads ranges of one generation for one request: plans the chunk reads, keeps several chunks open
 * ahead of the sender, and turns each into a segment. It is the Body of cache/answer's answers,
 * which the HTTP front sends.
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
  /** True when the first `read` was of the whole object; `undefined` before it. */
  #readsAll: boolean | undefined;
  /** Index of the chunk that is being opened. */
  #opening: number | null = null;

  /** Retains `generation` until `close`. The fetches of `fetchContext` write to `cost`. */
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
    // The failure may have come from the disk.
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
      // Waits regardless of the request's signal: a commit goes on when the client has left.
      if (flight !== undefined) await within(flight.whenEnded, boundOf(services, NEVER));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#generation.release();
  }

  /** Returns the bytes of the chunks for which `isCounted` is true. */
  #bytesOf(isCounted: (index: number) => boolean): number {
    const { chunkSizeBytes, lengthBytes } = this.#generation;
    let bytes = 0;
    for (let index = 0; index * chunkSizeBytes < (lengthBytes ?? 0); index += 1) {
      if (!isCounted(index)) continue;
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

  /** Records the chunk being opened and, once it is open, the part of it that is read. */
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
    const source = this.#cost.takeBrought(index) ?? view;
    this.#progress.opened(source, start, start + part.start, start + part.end, nowMs);
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
   * True when `view` may be sent. False for a view from before the generation was detached, which
   * is released: chunks then come from a stream in which all bytes already sent arrived again.
   * Throws after a detachment when the read is of a part, because the client joins parts under the
   * old validator.
   */
  #isCurrent(view: ChunkView | undefined): boolean {
    if (!this.#generation.isDetached) return true;
    if (this.#readsAll === true && view?.isSuperseded?.() === false) return true;
    view?.release();
    if (this.#readsAll !== true) throw changed();
    return false;
  }

  /** Reads an object of unknown length: each segment is what has arrived since the last one. */
  async *#readToEnd(reads: Iterable<ChunkRead>): AsyncGenerator<Segment> {
    for (const { index, within: part } of reads) {
      const view = await this.#opened(
        index,
        part,
        this.#generation.open(index, this.#fetchContext),
      );
      if (view === undefined) return;
      try {
        let offset = part.start;
        while (offset < part.end) {
          const end = Math.min(part.end, await this.#arrived(view, index, offset));
          if (end <= offset) break;
          view.file.retain();
          const { file } = view;
          yield { kind: 'file', file, offset, length: end - offset, release: releaseOf(file) };
          // Not what has arrived by now: more bytes came while the sender took this segment.
          offset = end;
        }
      } finally {
        view.release();
      }
    }
  }

  /** Waits for more than `offset` bytes of a chunk or its end, and resolves to the bytes there. */
  async #arrived(view: ChunkView, index: number, offset: ChunkOffset): Promise<ChunkOffset> {
    const { services, object } = this.#generation;
    const { watermark } = view;
    // The chunk is stored while the rest of the object arrives: its record has its length.
    if (watermark === null) return object.record(index)?.lengthBytes ?? 0;
    await within(watermark.wait(offset), boundOf(services, this.#fetchContext.signal));
    const { state } = watermark;
    const readable = watermark.readableTo(offset);
    if (state === 'failed' && readable <= offset) throw view.failure();
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

function releaseOf(file: { release(): void }): () => void {
  return () => {
    file.release();
  };
}
