/**
 * Counts events: one method per event, called where the event happens. admin/server serves the
 * result. No label holds a model's name or anything else that a client chooses.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { FetchStats } from '../compute/protocol.js';
import type { ChunkId } from '../model/ids.js';
import type { DropReason, MetadataKind, StoreEvents, StoreUsage } from '../model/store.js';
import { createInstruments, type Instruments } from './instruments.js';
import type { RequestRecord, UnreadRecord } from './request-record.js';
import { methodLabel, RequestTally } from './request-tally.js';

/** Values that are read when metrics are requested, not counted as they change. */
export interface Observed {
  readonly store: () => StoreUsage;
  readonly fills: () => { readonly active: number; readonly queued: number };
  readonly stalled: () => number;
  readonly connections: () => number;
  /** Called before anything is read: flushes records that were not counted yet. */
  readonly pending: () => void;
  readonly connectionsAllowed: () => readonly { readonly name: string; readonly count: number }[];
  readonly breakers: () => readonly { readonly name: string; readonly state: BreakerStateLabel }[];
}

export type BreakerStateLabel = 'closed' | 'half-open' | 'open';

const BREAKER_VALUE: Readonly<Record<BreakerStateLabel, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
};

const MS_PER_SECOND = 1000;

export class Metrics implements Omit<StoreEvents, 'responseChanged'> {
  readonly #registry = new Registry();
  readonly #to: Instruments = createInstruments(this.#registry);
  readonly #observed: Partial<Observed>[] = [];
  readonly #tally = new RequestTally();
  /** Since the metrics were last requested. */
  #hitServerAnswers = 0;

  /** Adds the process's own figures (memory, CPU, descriptors, garbage collection). */
  describeProcess(version: string): void {
    collectDefaultMetrics({ register: this.#registry });
    this.#to.buildInfo.set({ version, node: process.versions.node }, 1);
  }

  /** Names what the gauges are read from, as far as the caller knows. */
  observe(observed: Partial<Observed>): void {
    this.#observed.push(observed);
  }

  requestStarted(): void {
    this.#tally.started();
  }

  requestFinished(record: RequestRecord): void {
    this.#tally.finished(record);
    const waitSeconds = record.waitMs / MS_PER_SECOND;
    this.#to.duration.tally(waitSeconds + record.transferMs / MS_PER_SECOND);
    this.#to.firstByte.tally(waitSeconds, record.result);
    if (record.collapsed) {
      this.#to.collapsed.inc();
      this.#to.collapseWait.tally(waitSeconds);
    }
  }

  /** A request that ended was answered past the main thread. */
  hitServerAnswered(): void {
    this.#hitServerAnswers += 1;
  }

  /** A request ended that never began: how long it took is not known, so no duration is counted. */
  unreadRequestRefused({ method, status, bytesSent }: UnreadRecord): void {
    if (status === null) return;
    this.#to.clientBytes.inc({ source: 'cache' }, bytesSent);
    const labels = { method: methodLabel(method), code: String(status), result: 'refused' };
    this.#to.requests.inc(labels);
  }

  /** `reason` is of a closed set: a refusal's, a parser's, or `pipelining`. */
  requestRejected(reason: string): void {
    this.#to.rejected.inc({ reason });
  }

  /** A client has as many fetches under way as it may have: one more waits, or is left out. */
  clientShareFull(): void {
    this.#to.clientShareFull.inc();
  }

  fetchFinished(origin: string, stats: FetchStats): void {
    for (const status of stats.statuses) {
      this.#to.originRequests.inc({ origin, code: String(status) });
    }
    for (const reason of stats.retries) this.#to.originRetries.inc({ reason });
    this.#to.originBytes.inc({ origin }, stats.originBytes);
    this.#to.originStalls.inc(stats.stalls);
  }

  /** Origin bytes that were thrown away: beyond a range, of an ended generation, fetched twice. */
  originBytesWasted(bytes: number): void {
    this.#to.redundantBytes.inc(bytes);
  }

  chunkVerified(): void {
    this.#to.chunksVerified.inc();
  }

  chunkMismatched(source: 'origin' | 'disk'): void {
    this.#to.verifyFailures.inc({ source });
  }

  /** A whole object matches the digest claimed for it. */
  objectVerified(): void {
    this.#to.objectsVerified.inc();
  }

  verificationGivenUp(): void {
    this.#to.verificationsGivenUp.inc();
  }

  eventLoopLagged(lagMs: number): void {
    this.#to.eventLoopLag.tally(lagMs / MS_PER_SECOND);
  }

  /** A reload succeeded or failed. `atMs`: ms since the epoch. */
  configReloaded(result: 'success' | 'failure', atMs: number): void {
    this.#to.configReloads.inc({ result });
    if (result === 'success') this.configLoaded(atMs);
  }

  /** The configuration that is in use was loaded then. */
  configLoaded(atMs: number): void {
    this.#to.configReloadTime.set(atMs / MS_PER_SECOND);
  }

  spansExported(result: 'exported' | 'dropped', count: number): void {
    this.#to.spansExported.inc({ result }, count);
  }

  evicted(bytes: number): void {
    this.#to.evictedBytes.inc(bytes);
  }

  metadataEvicted(kind: MetadataKind): void {
    this.#to.evictedMetadata.inc({ kind });
  }

  diskError(operation: string, errno: string): void {
    this.#to.diskErrors.inc({ op: operation, errno });
  }

  dropped(_id: ChunkId, reason: DropReason): void {
    this.#to.droppedChunks.inc({ reason });
  }

  /** The type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it in the Prometheus text format. */
  async text(): Promise<string> {
    for (const { pending } of this.#observed) pending?.();
    for (const observed of this.#observed) this.#read(observed);
    this.#tally.flush(this.#to);
    this.#to.hitServer.inc(this.#hitServerAnswers);
    this.#hitServerAnswers = 0;
    return this.#registry.metrics();
  }

  #read(observed: Partial<Observed>): void {
    const to = this.#to;
    if (observed.connections !== undefined) to.connections.set(observed.connections());
    if (observed.stalled !== undefined) to.stalledTransfers.set(observed.stalled());
    if (observed.fills !== undefined) {
      const { active, queued } = observed.fills();
      to.inflightFills.set(active);
      to.queuedFills.set(queued);
    }
    // Origins that were removed have no series.
    if (observed.breakers !== undefined) to.breakerState.reset();
    for (const { name, state } of observed.breakers?.() ?? []) {
      to.breakerState.set({ origin: name }, BREAKER_VALUE[state]);
    }
    if (observed.connectionsAllowed !== undefined) to.connectionsAllowed.reset();
    for (const { name, count } of observed.connectionsAllowed?.() ?? []) {
      to.connectionsAllowed.set({ origin: name }, count);
    }
    if (observed.store !== undefined) {
      const usage = observed.store();
      to.cacheSize.set(usage.usedBytes);
      to.cacheLimit.set(usage.capacityBytes);
      to.cacheReserved.set(usage.reservedBytes);
      to.cacheMetadata.set(usage.metadataBytes);
      to.cacheMetadataLimit.set(usage.metadataCapacityBytes);
      to.cacheMemory.set(usage.memoryBytes);
      to.cacheChunks.set(usage.chunks);
      to.cacheWritable.set(usage.writable ? 1 : 0);
    }
  }
}
