/**
 * Opens the cache directory and makes the two stores over it. assemble calls it once; after that
 * everything goes through the ports. Nothing here throws for a full, read-only or broken disk: the
 * store then serves through memory, and takes to the disk when that works again.
 */
import { rm } from 'node:fs/promises';
import type { ResponseKey } from '../model/ids.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { MemoryBudget } from '../model/memory-budget.js';
import type {
  ChunkStore,
  Pin,
  PinStore,
  ResponseStore,
  StoreEvents,
  SystemCalls,
} from '../model/store.js';
import type { Sequence } from '../model/sequence.js';
import type { Clock } from '../model/time.js';
import { type CacheKey, loadKey } from './directory/cache-key.js';
import { ChunkFiles } from './chunks/chunk-files.js';
import { ChunkIndex } from './chunks/chunk-index.js';
import { Directories } from './space/directories.js';
import { DiskHealth } from './chunks/disk-health.js';
import { Drafts } from './chunks/drafts.js';
import { errnoOf } from '../model/errno.js';
import { isDeviceFailure } from './directory/errno.js';
import { FileChunkStore } from './file-store.js';
import { responseKey } from './objects/keys.js';
import { KEY_FILE, Layout, SEQUENCE_FILE } from './directory/layout.js';
import { BLOCK_BYTES, fileCost, Ledger } from './space/ledger.js';
import { Manifests } from './objects/manifests.js';
import { Metadata } from './space/metadata.js';
import type { KnownManifest } from './objects/object-state.js';
import { MAX_IDLE_FILES, OpenFiles } from './chunks/open-files.js';
import { OrderSnapshots } from './chunks/order.js';
import { NotOursError, Ownership } from './directory/ownership.js';
import { Pending } from './space/pending.js';
import { Pins, readPins } from './operations/pins.js';
import { type Recovered, recover } from './operations/recovery.js';
import { FileResponseStore } from './responses/responses.js';
import { CacheDirectory } from './directory/cache-directory.js';
import { Space } from './chunks/space.js';
import { openSequence } from './directory/sequence.js';
import { notOurs, StartupError, unusable } from './directory/startup-error.js';

/**
 * The lock, forebay.json, the admin token, the sequence, ten directories that hold no more than
 * shards, and `tmp/` with the names of some hundred drafts.
 */
const FIXED_BYTES = 24 * BLOCK_BYTES;

export interface StoreOptions {
  readonly directory: string;
  /** Bytes that the directory may take on its device in all. */
  readonly capacityBytes: number;
  readonly chunkSizeBytes: number;
  /** The share of it for manifests and response records, their directories included. */
  readonly metadataCapacityBytes: number;
  readonly orderSnapshotIntervalMs: number;
  /**
   * Chunk files that may stay open unread, where the limit of open files allows fewer than usual.
   */
  readonly maxIdleFiles?: number;
  readonly memory: MemoryBudget;
  readonly system: SystemCalls;
  /** The user whose directory it must be; this process's own when it is left out. */
  readonly uid?: number | undefined;
  readonly clock: Clock;
  readonly events: StoreEvents;
  /**
   * Objects whose chunks are evicted last, `pins` being those set while the program ran; none when
   * it is left out.
   */
  readonly pinned?: (identity: ObjectIdentity, pins: readonly Pin[]) => boolean;
}

export interface Stores {
  readonly chunks: ChunkStore;
  readonly responses: ResponseStore;
  readonly pins: PinStore;
  /** The directory's own. */
  readonly key: CacheKey;
  /** The order of questions; it goes on where the last process left it. */
  readonly sequence: Sequence;
  /** A file of ours in the directory. */
  file(name: string): OwnFile;
}

/** Where a file of ours is; it is read through `own`. */
export interface OwnFile {
  readonly path: string;
  /** For people. */
  readonly shown: string;
  readonly own: Ownership;
}

/**
 * Opens, or makes, a cache directory. Rejects with a `StartupError` when another process uses it,
 * it has another format or chunk size, or it cannot be made or entered.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- it may wait one day
export async function openStore(options: StoreOptions): Promise<Stores> {
  const layout = new Layout(options.directory);
  const own = new Ownership(options.uid);
  const site = new CacheDirectory(layout, options.chunkSizeBytes, options.system, own);
  try {
    return build(options, layout, site, own);
  } catch (error) {
    const refused = error instanceof NotOursError ? notOurs(error, layout) : undefined;
    const path = layout.shown(errorPath(error) ?? options.directory);
    site.close();
    if (refused !== undefined) throw refused;
    const errno = errnoOf(error);
    if (error instanceof StartupError || errno === 'UNKNOWN') throw error;
    throw new StartupError('cache-directory', path, unusable(path, errno), error);
  }
}

function build(
  options: StoreOptions,
  layout: Layout,
  site: CacheDirectory,
  own: Ownership,
): Stores {
  const { capacityBytes, chunkSizeBytes, clock, events, memory, system } = options;
  const ledger = new Ledger(capacityBytes);
  ledger.charge('fixed', FIXED_BYTES);
  const health = new DiskHealth(clock, events);
  const parts = {
    layout,
    own,
    ledger,
    health,
    events,
    index: new ChunkIndex(),
    directories: new Directories(layout, ledger, own),
    openFiles: new OpenFiles(Math.min(options.maxIdleFiles ?? Infinity, MAX_IDLE_FILES)),
  };
  try {
    site.prepare();
  } catch (error) {
    if (!isDeviceFailure(error)) throw error;
    health.failed('prepare', error);
  }
  const foundPins = readPins(layout.pins, own);
  if (foundPins.sizeBytes > 0) ledger.charge('hints', fileCost(foundPins.sizeBytes));
  let current = (): readonly Pin[] => foundPins.pins;
  const pinned = (identity: ObjectIdentity): boolean =>
    options.pinned?.(identity, current()) ?? false;
  const found = recover({ ...parts, chunkSizeBytes, pinned, writable: site.isReady });
  const files = new ChunkFiles(parts);
  const space = new Space(ledger, parts.index, files);
  const shared = { ...parts, files, space, site };
  const { metadataCapacityBytes, orderSnapshotIntervalMs: intervalMs } = options;
  const metadata = new Metadata(parts, metadataCapacityBytes);
  const manifests = new Manifests({ ...shared, metadata, pinned });
  const onChange = (): void => {
    manifests.repin();
  };
  const pins = new Pins({ ...shared, onChange }, foundPins);
  current = () => pins.list();
  const drafts = new Drafts({ ...shared, memory, system });
  const order = new OrderSnapshots({ ...shared, clock, intervalMs }, found.orderSizeBytes);
  order.start();
  const responses = new FileResponseStore({
    ...shared,
    metadata,
    manifest: (key) => manifests.find(key),
  });
  takeIn(found, manifests, responses);
  if (site.isReady) metadata.trim();
  const clearing = new Pending();
  // They hold secrets, and nothing that is read any more. Not waited for: there may be a million
  // files.
  if (site.isReady) clearing.track(removeAll(layout.outdated));
  const chunks = new FileChunkStore({
    ...shared,
    drafts,
    manifests,
    order,
    memory,
    responses,
    metadata,
    clearing,
    chunkSizeBytes,
  });
  const key = loadKey(layout.file(KEY_FILE), own);
  const sequence = openSequence(layout.file(SEQUENCE_FILE), clock.now(), own);
  const file = (name: string): OwnFile => {
    const path = layout.file(name);
    return { path, shown: layout.shown(path), own };
  };
  return { chunks, responses, pins, key, sequence, file };
}

async function removeAll(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
}

/**
 * The coldest first: an object's record is as warm as its manifest, one without a manifest leads
 * nowhere.
 */
function takeIn(found: Recovered, manifests: Manifests, responses: FileResponseStore): void {
  const records = new Map(found.responses);
  const withRecord = new Map<KnownManifest, ResponseKey>();
  // The warmest of several objects of one URL has its record.
  for (const known of found.manifests.toReversed()) {
    const key = responseKey(known.identity.origin, known.identity.uri);
    if (records.delete(key)) withRecord.set(known, key);
  }
  for (const [key, sizeBytes] of records) responses.found(key, sizeBytes, []);
  for (const known of found.manifests) {
    manifests.found(known);
    const key = withRecord.get(known);
    if (key !== undefined) responses.found(key, found.responses.get(key) ?? 0, [known.key]);
  }
}

function errorPath(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('path' in error)) return undefined;
  return typeof error.path === 'string' ? error.path : undefined;
}
