/**
 * Rebuilds the index and the ledger at start from the manifests and the names of the chunk files,
 * in the order of the last snapshot. What exists is decided by the file system alone.
 *
 * Synchronous: no request is served before it ends, and consecutive system calls are several times
 * faster here than a promise for each. Of a chunk that a manifest names only the file name is read:
 * its length is checked when it is opened, its bytes when they are first read.
 */
import { type Dirent, lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type ChunkId, parseChunkId, parseObjectKey, parseResponseKey } from '../../model/ids.js';
import type { ObjectKey, ResponseKey } from '../../model/ids.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import { ChunkEntry, TIERS } from '../chunks/chunk-index.js';
import type { StoreDeps } from '../chunks/chunk-files.js';
import { isDeviceFailure, isMissing } from '../directory/errno.js';
import { objectKey } from '../objects/keys.js';
import { isDraftName, isShard, type Tree } from '../directory/layout.js';
import { fileCost } from '../space/ledger.js';
import { type ManifestContents, parseManifest } from '../objects/manifest-records.js';
import { type KnownManifest, newManifest } from '../objects/object-state.js';
import { readOrder } from '../chunks/order.js';

export interface RecoveryDeps extends StoreDeps {
  readonly chunkSizeBytes: number;
  readonly pinned: (identity: ObjectIdentity) => boolean;
  /** False when the disk cannot be written: nothing is deleted then. */
  readonly writable: boolean;
}

export interface Recovered {
  /** Coldest first: a manifest is as warm as its warmest chunk. */
  readonly manifests: readonly KnownManifest[];
  /** Bytes of each response record. */
  readonly responses: ReadonlyMap<ResponseKey, number>;
  readonly orderSizeBytes: number;
}

/**
 * Reads the cache directory. Failures of the device or of a single file are reported; any other
 * error is thrown, such as a directory that may not be read.
 */
export function recover(parts: RecoveryDeps): Recovered {
  return new Recovery(parts).run();
}

class Recovery {
  readonly #parts: RecoveryDeps;
  /** Names in the chunk directories that no manifest has named so far. */
  readonly #unclaimed = new Set<string>();
  readonly #chunks = new Map<ChunkId, ChunkEntry>();
  readonly #manifests = new Map<ObjectKey, KnownManifest>();
  readonly #responses = new Map<ResponseKey, number>();

  constructor(parts: RecoveryDeps) {
    this.#parts = parts;
  }

  run(): Recovered {
    const { layout, ledger, own } = this.#parts;
    this.#emptyTmp();
    this.#scan('chunks', (name) => this.#unclaimed.add(name));
    this.#scan('manifests', (name, path) => {
      this.#takeManifest(name, path);
    });
    this.#scan('responses', (name, path) => {
      this.#takeResponse(name, path);
    });
    const orphans = this.#findOrphans();
    const order = readOrder(layout.order, own);
    if (order.sizeBytes > 0) ledger.charge('hints', fileCost(order.sizeBytes));
    const named = this.#inOrder(order.ids);
    this.#fillIndex([...orphans, ...named]);
    return {
      manifests: this.#warmestLast(named),
      responses: this.#responses,
      orderSizeBytes: order.sizeBytes,
    };
  }

  #emptyTmp(): void {
    const { layout } = this.#parts;
    for (const { name } of this.#list(layout.tmp)) {
      if (isDraftName(name)) this.#unlink(join(layout.tmp, name));
    }
  }

  /** Registers a manifest, or deletes one that is damaged, misplaced, or of another chunk size. */
  #takeManifest(name: string, path: string): void {
    const { directories, ledger, pinned } = this.#parts;
    const key = parseObjectKey(name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (key === undefined || stat?.isFile() !== true) return;
    const contents = this.#readManifest(path);
    if (contents === undefined || objectKey(contents.identity) !== key) {
      if (this.#unlink(path)) directories.removed('manifests', key);
      return;
    }
    const { identity, attestedBy } = contents;
    const known = newManifest(key, identity, pinned(identity));
    known.attestedBy = attestedBy;
    known.sizeBytes = stat.size;
    ledger.charge('metadata', fileCost(stat.size));
    this.#manifests.set(key, known);
    this.#claimChunks(contents, known);
  }

  #readManifest(path: string): ManifestContents | undefined {
    const { chunkSizeBytes, health, own } = this.#parts;
    try {
      const contents = parseManifest(own.readSync(path))?.contents;
      return contents?.identity.chunkSizeBytes === chunkSizeBytes ? contents : undefined;
    } catch (error) {
      health.readFailed('read', error);
      return undefined;
    }
  }

  #claimChunks(contents: ManifestContents, known: KnownManifest): void {
    // One array for all chunks that only this manifest names: there may be 100,000 of them.
    const alone = [known];
    for (const { id, lengthBytes } of contents.records.values()) {
      const entry = this.#chunks.get(id);
      if (entry !== undefined) entry.owners = [...entry.owners, known];
      else if (this.#unclaimed.delete(id)) {
        const claimed = new ChunkEntry(id, lengthBytes);
        claimed.owners = alone;
        this.#chunks.set(id, claimed);
      }
    }
  }

  #takeResponse(name: string, path: string): void {
    const key = parseResponseKey(name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (key === undefined || stat?.isFile() !== true) return;
    if (!this.#parts.own.isOurs(stat)) {
      if (this.#unlink(path)) this.#parts.directories.removed('responses', key);
      return;
    }
    this.#responses.set(key, stat.size);
    this.#parts.ledger.charge('metadata', fileCost(stat.size));
  }

  /**
   * Returns the chunk files that no manifest names. Files without a chunk id as name are ignored.
   */
  #findOrphans(): ChunkEntry[] {
    const orphans: ChunkEntry[] = [];
    for (const name of this.#unclaimed) {
      const id = parseChunkId(name);
      if (id === undefined) continue;
      const stat = lstatSync(this.#parts.layout.chunk(id), { throwIfNoEntry: false });
      if (stat?.isFile() === true) orphans.push(new ChunkEntry(id, stat.size));
    }
    return orphans;
  }

  /**
   * Returns the chunks that manifests name, coldest first. Those missing in the snapshot were
   * stored after it and are the warmest.
   */
  #inOrder(snapshot: readonly ChunkId[]): ChunkEntry[] {
    const rest = new Map(this.#chunks);
    const ordered: ChunkEntry[] = [];
    for (const id of snapshot) {
      const entry = rest.get(id);
      if (entry !== undefined && rest.delete(id)) ordered.push(entry);
    }
    return [...ordered, ...rest.values()];
  }

  /** Adds the chunks to the index, coldest first; deletes the coldest ones above the capacity. */
  #fillIndex(entries: readonly ChunkEntry[]): void {
    const { directories, events, index, layout, ledger } = this.#parts;
    ledger.charge(
      'linked',
      entries.reduce((sum, entry) => sum + entry.cost, 0),
    );
    const byTier = TIERS.flatMap((tier) => entries.filter((entry) => entry.tier === tier));
    for (const entry of byTier) {
      if (ledger.shortfall(0) > 0 && this.#unlink(layout.chunk(entry.id))) {
        ledger.release('linked', entry.cost);
        directories.removed('chunks', entry.id);
        events.evicted(entry.lengthBytes);
      } else index.add(entry);
    }
  }

  #warmestLast(named: readonly ChunkEntry[]): KnownManifest[] {
    const order = new Map(this.#manifests);
    // The last position of each manifest decides: walk from the warm end, then reverse the result.
    const warmestFirst = new Set<ObjectKey>();
    for (const entry of named.toReversed()) {
      for (const { key } of entry.owners) warmestFirst.add(key);
    }
    for (const key of [...warmestFirst].reverse()) {
      const known = order.get(key);
      if (known !== undefined && order.delete(key)) order.set(key, known);
    }
    return [...order.values()];
  }

  /** Calls `take` for every name in the shards of a tree. */
  #scan(tree: Tree, take: (name: string, path: string) => void): void {
    const { directories, layout } = this.#parts;
    for (const shard of this.#list(layout.tree(tree))) {
      if (!isShard(shard.name)) continue;
      // `directories.found` rejects a symlink: files would be read and written where it points.
      if (!shard.isDirectory() && !shard.isSymbolicLink()) continue;
      const path = layout.shard(tree, shard.name);
      const names = shard.isDirectory() ? this.#read(() => readdirSync(path)) : [];
      directories.found(tree, shard.name, names.length);
      for (const name of names) {
        // A lookup by name would never find a file in the wrong shard.
        if (name.startsWith(shard.name)) take(name, `${path}/${name}`);
      }
    }
  }

  #list(path: string): Dirent[] {
    return this.#read(() => readdirSync(path, { withFileTypes: true }));
  }

  /**
   * Returns the names that `read` does, or none if the directory is missing or the device fails.
   */
  #read<T>(read: () => T[]): T[] {
    try {
      return read();
    } catch (error) {
      if (isMissing(error)) return [];
      if (!isDeviceFailure(error)) throw error;
      this.#parts.health.readFailed('readdir', error);
      return [];
    }
  }

  #unlink(path: string): boolean {
    if (!this.#parts.writable) return false;
    try {
      unlinkSync(path);
      return true;
    } catch (error) {
      if (isMissing(error)) return true;
      this.#parts.health.failed('unlink', error);
      return false;
    }
  }
}
