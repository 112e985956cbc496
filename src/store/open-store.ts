/**
 * Opens the cache directory and constructs the stores on it. assemble calls it once; after that,
 * callers use the ports. Nothing here throws for a full, read-only or failing disk: the store then
 * serves through memory, and writes to the disk once that works again.
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
 * Room for the lock, forebay.json, the admin token, the sequence, ten directories that contain only
 * shards, and `tmp/` with the names of some hundred drafts.
 */
const FIXED_BYTES = 24 * BLOCK_BYTES;

export interface StoreOptions {
  readonly directory: string;
  /** Bytes that the whole directory may take on its device. */
  readonly capacityBytes: number;
  readonly chunkSizeBytes: number;
  /** Bytes of it that manifests and response records may take, their directories included. */
  readonly metadataCapacityBytes: number;
  readonly orderSnapshotIntervalMs: number;
  /** Chunk files that may stay open unread, if the limit of open files allows fewer than usual. */
  readonly maxIdleFiles?: number;
  readonly memory: MemoryBudget;
  readonly system: SystemCalls;
  /** The user who must own the directory; that of this process when it is left out. */
  readonly uid?: number | undefined;
  readonly clock: Clock;
  readonly events: StoreEvents;
  /**
   * True for objects whose chunks are evicted last; `pins` are those set while the program ran. No
   * object is pinned when it is left out.
   */
  readonly pinned?: (identity: ObjectIdentity, pins: readonly Pin[]) => boolean;
}

export interface Stores {
  readonly chunks: ChunkStore;
  readonly responses: ResponseStore;
  readonly pins: PinStore;
  /** The directory's own key. */
  readonly key: CacheKey;
  /** Numbers requests to origins in order, across restarts. */
  readonly sequence: Sequence;
  /** Returns the place of the file `name` in the directory's root. */
  file(name: string): OwnFile;
}

/** A file in the directory's root; read through `own`, which checks its owner. */
export interface OwnFile {
  readonly path: string;
  /** The path to print in messages. */
  readonly shown: string;
  readonly own: Ownership;
}

/**
 * Opens or creates a cache directory. Rejects with a `StartupError` when another process uses it,
 * it has another format or chunk size, it is not trusted, or it cannot be created or entered.
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
  // Nothing reads these files any more, and they contain secrets. Removed in the background, as
  // there may be a million of them.
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
 * Registers what recovery found, coldest first. A record is as warm as the warmest manifest of its
 * URL; records without a manifest are the coldest.
 */
function takeIn(found: Recovered, manifests: Manifests, responses: FileResponseStore): void {
  const records = new Map(found.responses);
  const withRecord = new Map<KnownManifest, ResponseKey>();
  // Of several objects of one URL, the warmest gets the record.
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
