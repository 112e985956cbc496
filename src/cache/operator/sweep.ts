/**
 * Compares held chunks with their ids, on the verify threads, one at a time so that the checks of
 * readers go first. A chunk that differs is dropped, and the next reader fetches it. Started by the
 * admin API, through Sweeps.
 */
import { ForebayError } from '../../model/errors.js';
import type { ObjectHandle, ObjectSummary } from '../../model/store.js';
import type { ObjectSelection, TargetMatcher } from './selection.js';
import type { CacheServices } from '../api/services.js';
import { Verification } from '../integrity/verification.js';

/** Most bad chunks that are listed; further ones are only counted. */
const MAX_NAMED = 1_000;

export interface BadChunk {
  readonly origin: string;
  readonly target: string;
  readonly chunk: number;
}

export type SweepState = 'running' | 'done' | 'failed' | 'cancelled';

export interface SweepSnapshot {
  readonly id: string;
  readonly state: SweepState;
  readonly startedAtMs: number;
  readonly chunks: {
    /** Chunks held when it began. */
    readonly total: number;
    readonly checked: number;
    readonly bad: number;
    /** Chunks that were evicted before their turn, or could not be read. */
    readonly skipped: number;
  };
  readonly checkedBytes: number;
  readonly bad: readonly BadChunk[];
}

type Counts = { -readonly [Key in keyof SweepSnapshot['chunks']]: number };

export class Sweep {
  readonly id: string;
  readonly #services: CacheServices;
  readonly #targets: TargetMatcher;
  readonly #selected: readonly ObjectSummary[];
  readonly #startedAtMs: number;
  readonly #chunks: Counts;
  readonly #bad: BadChunk[] = [];
  #checkedBytes = 0;
  #state: SweepState = 'running';

  constructor(
    id: string,
    services: CacheServices,
    targets: TargetMatcher,
    selection: ObjectSelection,
  ) {
    this.id = id;
    this.#services = services;
    this.#targets = targets;
    this.#selected = [...services.chunks.objects()].filter(
      ({ identity, heldChunks }) => heldChunks > 0 && targets.selects(selection, identity),
    );
    this.#startedAtMs = services.clock.now();
    const total = this.#selected.reduce((sum, { heldChunks }) => sum + heldChunks, 0);
    this.#chunks = { total, checked: 0, bad: 0, skipped: 0 };
  }

  get state(): SweepState {
    return this.#state;
  }

  /** Checks all selected objects, or until `cancel`. Never rejects. */
  async run(): Promise<void> {
    try {
      for (const { identity } of this.#selected) {
        const object = await this.#services.chunks.openObject(identity);
        try {
          await this.#check(object);
        } finally {
          object.release();
        }
      }
      if (this.#state === 'running') this.#state = 'done';
    } catch (error) {
      if (this.#state === 'running') this.#state = 'failed';
      this.#services.events.warn('a verification of stored objects stopped early', error);
    }
  }

  cancel(): void {
    if (this.#state === 'running') this.#state = 'cancelled';
  }

  snapshot(): SweepSnapshot {
    return {
      id: this.id,
      state: this.#state,
      startedAtMs: this.#startedAtMs,
      chunks: { ...this.#chunks },
      checkedBytes: this.#checkedBytes,
      bad: [...this.#bad],
    };
  }

  async #check(object: ObjectHandle): Promise<void> {
    const { lengthBytes, chunkSizeBytes } = object.identity;
    for (let index = 0; this.#state === 'running'; index += 1) {
      // An object that still arrives without a length gets its chunks in order.
      const isPastEnd =
        lengthBytes === null
          ? object.record(index) === undefined
          : index * chunkSizeBytes >= lengthBytes;
      if (isPastEnd) return;
      if (this.#services.chunks.isHeld(object, index)) await this.#compare(object, index);
    }
  }

  async #compare(object: ObjectHandle, index: number): Promise<void> {
    const held = await this.#services.chunks.acquire(object, index, 'inspect');
    if (held === undefined) {
      this.#chunks.skipped += 1;
      return;
    }
    const { lengthBytes } = held.record;
    const verification = new Verification(this.#services, object, held);
    const isIntact = await verification.outcome;
    const { failure } = verification;
    const isCorrupt = failure instanceof ForebayError && failure.code === 'stored-corrupt';
    if (!isIntact && !isCorrupt) {
      this.#chunks.skipped += 1;
      return;
    }
    this.#chunks.checked += 1;
    this.#checkedBytes += lengthBytes;
    if (isIntact) return;
    this.#chunks.bad += 1;
    const { origin, uri } = object.identity;
    const target = this.#targets.of(origin, uri);
    if (this.#bad.length < MAX_NAMED) this.#bad.push({ origin, target, chunk: index });
  }
}
