/**
 * A generation as its parts see it: fills, intakes and checks work on this interface, and
 * Generation, which starts them, implements it. It exists so that imports run one way.
 */
import type { ForebayError } from '../../model/errors.js';
import type { ChunkRecord } from '../../model/manifest.js';
import type { ObjectHandle } from '../../model/store.js';
import type { Flight } from '../flight/flight.js';
import type { Integrity } from '../integrity/integrity.js';
import type { CacheServices } from '../api/services.js';
import type { FetchContext } from '../flight/fetch-context.js';
import type { ChunkDoubts } from './chunk-doubts.js';

export type GenerationEnd =
  /** The origin has another representation now. */
  | 'replaced'
  /** Its bytes contradict the digest claimed for them. */
  | 'digest-mismatch'
  /** It arrived without a length and broke off. */
  | 'incomplete'
  /** An operator took it out. */
  | 'purged';

/** Starts a new stream of the whole representation and attaches it; rejects if it cannot. */
export type StreamStarter = (fetchContext: FetchContext) => Promise<void>;

/** A body that is being taken in (cache/fill/intake). */
export interface Arrival {
  /** True when it brings the object from its first chunk on, not one chunk of it. */
  readonly isStream: boolean;
  /** Settles when the body has ended; with the error when it broke off. */
  readonly whenEnded: Promise<ForebayError | undefined>;
  /** A reader needs `index`: a paced stream may go there, and a little further. */
  demand(index: number): void;
  /** Settles when the stream has a flight for `index`, has passed it, or has ended. */
  reached(index: number): Promise<void>;
  /**
   * The last reader has left: a stream that waits for readers ends, one that runs freely goes on.
   */
  abandoned(): void;
  stop(): void;
}

export interface LiveObject {
  readonly services: CacheServices;
  /** True if it is for its own request only and never committed, as it may not be stored. */
  readonly isEphemeral: boolean;
  readonly doubts: ChunkDoubts;
  readonly object: ObjectHandle;
  readonly integrity: Integrity;
  readonly lengthBytes: number | null;
  readonly chunkSizeBytes: number;
  /** The index after the last chunk; `Infinity` while the length is unknown. */
  readonly endIndex: number;
  /** Why no chunk of it may be opened any more; `undefined` while it lives. */
  readonly endReason: GenerationEnd | undefined;
  /** True when its chunks come from a stream of the whole, not by range. */
  readonly isStreaming: boolean;
  /** The body that is being taken in, while there is one: a stream of the whole, or one chunk. */
  readonly intake: Arrival | undefined;
  /** For its own request only from the beginning. */
  readonly isOwn: boolean;
  /** See `detach`. */
  readonly isDetached: boolean;
  /** False for who gets nothing of it since it was detached. */
  admits(fetchContext: FetchContext): boolean;
  /** The ids of chunk `index`, stored or not; `undefined` before it was ever filled. */
  idsOf(index: number): ChunkRecord | undefined;
  /**
   * Keeps the ids of a chunk that was filled but not stored: they gate a refetch as a record does.
   */
  noteUnrecorded(record: ChunkRecord): void;
  /** True when the store holds chunk `index`, as far as its index knows. */
  isHeld(index: number): boolean;
  /** The flight of `index`, if there is one. */
  flight(index: number): Flight | undefined;
  /** Registers a flight for `index`, filled `by` a range fetch or by what the caller takes in. */
  lead(index: number, fetchContext: FetchContext, by?: 'range' | 'arrival'): Flight;
  /** `arrival` brings this object, or its first chunk, from now on. */
  attach(arrival: Arrival): void;
  /** The origin serves no ranges: whatever is missing comes by a stream of the whole. */
  switchToStream(starter: StreamStarter): void;
  /**
   * The origin's validators differ while the length stays: nodes behind one name may each have
   * their own for the same bytes, or the bytes have changed. Parts of two answers are not joined
   * any more. Missing chunks come from `starter`'s streams, each from its beginning, and every
   * known byte must come again on the way. Readers so far get the rest of one answer, or are cut;
   * later requests get another generation, and nothing of this one is stored. False if that is not
   * possible: end the generation instead.
   */
  detach(starter: StreamStarter): boolean;
  /** An object that came without a length has ended: it has one now, and another identity. */
  complete(lengthBytes: number): Promise<void>;
  /** A chunk is filled: the check of the digest goes on with it. */
  filled(flight: Flight, stored: boolean, lengthBytes: number): void;
  /** Fetches all of it, for checks that must see it whole. One run at a time. */
  drive(fetchContext: FetchContext): Promise<void>;
  /** Waits until the stream has reached `index` or has ended; starts a stream if there is none. */
  awaitStream(index: number, fetchContext: FetchContext): Promise<void>;
  /** Refuses to open further chunks; readers finish with the chunks that they have open. */
  end(reason: GenerationEnd, error: ForebayError): void;
}
