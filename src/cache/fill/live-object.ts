/**
 * The interface of a generation for its fills, intakes and checks. Generation, which starts them,
 * implements it; the interface keeps imports in one direction.
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
  /** An operator purged it. */
  | 'purged';

/** Starts a new stream of the whole representation and attaches it; rejects if it cannot. */
export type StreamStarter = (fetchContext: FetchContext) => Promise<void>;

/** A response body that is being received (cache/fill/intake). */
export interface Arrival {
  /** True when it brings the object from its first chunk on, not one chunk of it. */
  readonly isStream: boolean;
  /** Resolves when the body has ended, with the error of a stream that broke off. */
  readonly whenEnded: Promise<ForebayError | undefined>;
  /** Lets a paced stream run to chunk `index`, which a reader needs, and somewhat further. */
  demand(index: number): void;
  /** Resolves when the stream has a flight for `index`, has passed it, or has ended. */
  reached(index: number): Promise<void>;
  /** Called when the last reader has left: stops a paced stream, not one that runs freely. */
  abandoned(): void;
  stop(): void;
}

export interface LiveObject {
  readonly services: CacheServices;
  /** True when its chunks are never committed: it is `isOwn` or `isDetached`. */
  readonly isEphemeral: boolean;
  readonly doubts: ChunkDoubts;
  readonly object: ObjectHandle;
  readonly integrity: Integrity;
  readonly lengthBytes: number | null;
  readonly chunkSizeBytes: number;
  /** The index after the last chunk; `Infinity` while the length is unknown. */
  readonly endIndex: number;
  /** Why the generation has ended, so that no chunk may be opened; `undefined` before its end. */
  readonly endReason: GenerationEnd | undefined;
  /** True when its chunks come from a stream of the whole, not by range. */
  readonly isStreaming: boolean;
  /** The body that is being received, if there is one: a stream of the whole, or one chunk. */
  readonly intake: Arrival | undefined;
  /** True when it was made for one request alone, because it may not be stored. */
  readonly isOwn: boolean;
  /** True after `detach`. */
  readonly isDetached: boolean;
  /** False for a request that may not read it since it was detached. */
  admits(fetchContext: FetchContext): boolean;
  /** Returns the ids of chunk `index`, stored or not; `undefined` before it was ever filled. */
  idsOf(index: number): ChunkRecord | undefined;
  /**
   * Keeps the ids of a chunk that was filled but not stored: a refetch is compared with them as
   * with recorded ids.
   */
  noteUnrecorded(record: ChunkRecord): void;
  /** True when the store holds chunk `index`, as far as its index knows. */
  isHeld(index: number): boolean;
  /** Returns the flight of `index`, if there is one. */
  flight(index: number): Flight | undefined;
  /** Registers a flight for `index`; starts a ranged fetch unless the caller's body fills it. */
  lead(index: number, fetchContext: FetchContext, by?: 'range' | 'arrival'): Flight;
  /** Registers `arrival`, which brings this object, or one chunk of it, from now on. */
  attach(arrival: Arrival): void;
  /** Makes missing chunks come from streams of the whole: the origin serves no ranges. */
  switchToStream(starter: StreamStarter): void;
  /**
   * Detaches the generation: the origin's responses have another validator at the same length.
   * Nodes behind one name may each have their own validator for the same bytes, or the bytes have
   * changed. No two responses are joined any more. Missing chunks come from `starter`'s streams,
   * each from its beginning, and each byte that is known from before must come again. So a reader
   * gets the rest of one response, or is cut. No other request joins the generation, and nothing of
   * it is stored. Returns false where this is impossible: the caller must end the generation.
   */
  detach(starter: StreamStarter): boolean;
  /**
   * Sets the length, and so another identity, of an object that came without one and has ended.
   * Rejects when its digest is of another length.
   */
  complete(lengthBytes: number): Promise<void>;
  /** Records that a chunk is filled: the digest check continues with it. */
  filled(flight: Flight, stored: boolean, lengthBytes: number): void;
  /** Fetches the whole object, for checks that must see all of it. One run at a time. */
  drive(fetchContext: FetchContext): Promise<void>;
  /** Waits until the stream has reached `index` or has ended; starts one if there is none. */
  awaitStream(index: number, fetchContext: FetchContext): Promise<void>;
  /** Ends it: no chunk may be opened any more; readers finish with the chunks they have open. */
  end(reason: GenerationEnd, error: ForebayError): void;
}
