/** The services of the cache room, built once by assemble.ts and passed to its parts. */
import type { Pools } from '../../compute/pools.js';
import type { WatermarkRegistry } from '../../compute/watermark.js';
import type { FetchStats } from '../../compute/protocol.js';
import type { InvalidationEvents } from '../../model/invalidation-events.js';
import type { FetchLimits } from '../../model/fetch.js';
import type { Sequence } from '../../model/sequence.js';
import type { ChunkStore, ResponseStore } from '../../model/store.js';
import type { Clock } from '../../model/time.js';
import type { FillTable } from './fill-snapshot.js';
import type { Pressure } from './pressure.js';
import type { ProgressWatch } from './progress.js';
import type { Purges } from './purges.js';
import type { FieldTag } from '../rfc9111/select.js';

/** Bounds of the cache's own waits and windows, from the configuration. */
export interface CacheLimits {
  readonly chunkSizeBytes: number;
  /**
   * Chunks that one reader may have in flight or leased ahead of itself, while the origin has its
   * initial number of connections.
   */
  readonly readAheadChunks: number;
  /** The longest a request waits for its next byte. */
  readonly requestTimeoutMs: number;
  readonly fetch: FetchLimits;
}

/** Events of the cache; telemetry counts and logs them. */
export interface CacheEvents {
  /** A fetch from an origin succeeded or failed. */
  fetchFinished(origin: string, stats: FetchStats): void;
  /** A held chunk was compared with its ids and matches them. */
  chunkVerified(): void;
  /** Bytes differ from the ids or the digest that they should have. */
  chunkMismatched(source: 'origin' | 'disk'): void;
  /** A whole object matches the digest claimed for it. */
  objectVerified(): void;
  /** The check of an object was given up: the capacity cannot hold the chunks still to hash. */
  verificationGivenUp(): void;
  /** Origin bytes were thrown away, or fetched a second time. */
  originBytesWasted(bytes: number): void;
  /** A fetch waits, or is left out, because its client has reached its quota. */
  clientShareFull(): void;
  /** Responses of an origin cannot be shared because of `field`: reported once for each kind. */
  unshareable(origin: string, field: string): void;
  /** A failure that no request reports. */
  warn(message: string, error: unknown): void;
}

export interface CacheServices {
  readonly chunks: ChunkStore;
  readonly responses: ResponseStore;
  readonly pools: Pools;
  readonly watermarks: WatermarkRegistry;
  readonly pressure: Pressure;
  readonly progress: ProgressWatch;
  readonly clock: Clock;
  /** Numbers the requests to origins, so that their answers have an order without a clock. */
  readonly sequence: Sequence;
  readonly purges: Purges;
  readonly limits: CacheLimits;
  readonly events: CacheEvents;
  /** Receives each change that may invalidate a reusable hit (cache/answer/reusable-hit). */
  readonly changes: InvalidationEvents;
  /** Makes tags of the request field values that select a response. */
  readonly tag: FieldTag;
  /** The running fetches, as the admin API shows them. */
  readonly fills: FillTable;
}
