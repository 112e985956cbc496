/**
 * The ResponseStore: one small file per URL, replaced whole. Hot records are kept parsed in memory,
 * so that a hit costs no file operation; while the disk is not writable they exist only there. A
 * changed record is in memory at once and written afterwards, so that no response awaits the write.
 */
import { rename, unlink, writeFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { deferred } from '../../model/deferred.js';
import type { ObjectKey, ResponseKey } from '../../model/ids.js';
import { MAX_VARIANTS, type ResponseRecord } from '../../model/response.js';
import type { ResponseStore } from '../../model/store.js';
import type { StoreDeps } from '../chunks/chunk-files.js';
import { MAX_NAME_COST } from '../space/directories.js';
import { isMissing } from '../directory/errno.js';
import { KeyedLock } from '../directory/keyed-lock.js';
import { objectKey, responseKey } from '../objects/keys.js';
import { fileCost } from '../space/ledger.js';
import {
  LASTING_BYTES,
  type Metadata,
  type MetadataFile,
  type MetadataOwner,
  type Worth,
} from '../space/metadata.js';
import type { KnownManifest } from '../objects/object-state.js';
import { encodeResponse, parseResponse } from './response-json.js';
import type { CacheDirectory } from '../directory/cache-directory.js';
import type { Space } from '../chunks/space.js';

const FILE_MODE = 0o600;

/** Memory for parsed records, by the size of their JSON: some 8,000 ordinary ones. */
const HOT_BYTES = 8 * 1024 * 1024;

/** Records that may wait to be written. When there are more, `update` awaits its own write. */
const MAX_BEHIND = 64;

export interface ResponseDeps extends StoreDeps {
  readonly space: Space;
  readonly site: CacheDirectory;
  readonly metadata: Metadata;
  /** Returns a manifest, whether it is open or not. */
  readonly manifest: (key: ObjectKey) => KnownManifest | undefined;
}

/** A record that has a file. */
interface KnownResponse extends MetadataFile {
  readonly kind: 'response';
  readonly key: ResponseKey;
  /** Bytes of its file. */
  sizeBytes: number;
  /** The objects of its stored responses, as far as known without reading the file. */
  objects: readonly ObjectKey[];
}

export class FileResponseStore implements ResponseStore, MetadataOwner<KnownResponse> {
  readonly #parts: ResponseDeps;
  readonly #files = new Map<ResponseKey, KnownResponse>();
  readonly #hot: LRUCache<ResponseKey, { readonly record: ResponseRecord; readonly bytes: number }>;
  readonly #locks = new KeyedLock<ResponseKey>();
  /** Running writes and deletions of record files. None rejects. */
  readonly #writing = new Set<Promise<void>>();

  constructor(parts: ResponseDeps) {
    this.#parts = parts;
    parts.metadata.own('response', this);
    this.#hot = new LRUCache({
      maxSize: HOT_BYTES,
      sizeCalculation: (value) => value.bytes,
      // Called for replaced, deleted and evicted records.
      dispose: () => {
        parts.events.responseChanged();
      },
    });
  }

  /** Registers a record file that recovery found; called coldest first. */
  found(key: ResponseKey, sizeBytes: number, objects: readonly ObjectKey[]): void {
    const known: KnownResponse = { kind: 'response', key, sizeBytes, objects };
    this.#files.set(key, known);
    this.#parts.metadata.add(known);
  }

  /** Records on disk. */
  get count(): number {
    return this.#files.size;
  }

  async get(key: ResponseKey): Promise<ResponseRecord | undefined> {
    return this.hot(key) ?? this.#locks.run(key, () => this.#read(key));
  }

  hot(key: ResponseKey): ResponseRecord | undefined {
    const hot = this.#hot.get(key);
    if (hot !== undefined) this.#touch(key);
    return hot?.record;
  }

  async peek(key: ResponseKey): Promise<ResponseRecord | undefined> {
    return this.#hot.peek(key)?.record ?? this.#locks.run(key, () => this.#peekFile(key));
  }

  async update(
    key: ResponseKey,
    change: (known: ResponseRecord | undefined) => ResponseRecord | undefined,
  ): Promise<void> {
    const known = deferred<undefined>();
    const writing = this.#locks.run(key, async () => {
      let write: (() => Promise<void>) | undefined;
      try {
        write = this.#changed(key, await this.#read(key), change);
        known.resolve(undefined);
      } catch (error) {
        known.reject(error);
      }
      await write?.();
    });
    const written = this.#behind(writing);
    await known.promise;
    if (this.#writing.size > MAX_BEHIND) await written;
  }

  async settled(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  /** Makes the change in memory. Returns the work on disk that remains, if any. */
  #changed(
    key: ResponseKey,
    before: ResponseRecord | undefined,
    change: (known: ResponseRecord | undefined) => ResponseRecord | undefined,
  ): (() => Promise<void>) | undefined {
    const record = change(before);
    if (record === before) return undefined;
    if (record === undefined) {
      this.#hot.delete(key);
      return () => this.#deleteFile(key);
    }
    const bounded = { ...record, variants: record.variants.slice(0, MAX_VARIANTS) };
    const bytes = encodeResponse(bounded);
    this.#hot.set(key, { record: bounded, bytes: bytes.length });
    return async () => {
      // If the write failed, the older record must not be read after a restart.
      if (!(await this.#write(key, bytes, objectsOf(bounded)))) await this.#deleteFile(key);
    };
  }

  #behind(writing: Promise<void>): Promise<void> {
    const written = writing
      .catch((error: unknown) => {
        this.#parts.health.failed('response', error);
      })
      .finally(() => {
        this.#writing.delete(written);
      });
    this.#writing.add(written);
    return written;
  }

  async delete(key: ResponseKey): Promise<void> {
    await this.#locks.run(key, async () => {
      this.#hot.delete(key);
      await this.#deleteFile(key);
    });
  }

  async *entries(): AsyncGenerator<readonly [ResponseKey, ResponseRecord], void, undefined> {
    // Records that are not yet written, or that the disk refused, exist only in memory.
    for (const key of new Set([...this.#files.keys(), ...this.#hot.keys()])) {
      const record = await this.peek(key);
      if (record !== undefined) yield [key, record];
    }
  }

  cost({ sizeBytes }: KnownResponse): number {
    return sizeBytes === 0 ? 0 : fileCost(sizeBytes);
  }

  /** Returns false: a reader keeps the parsed record in memory, so its file can be deleted. */
  isBusy(): boolean {
    return false;
  }

  /** Returns the worth of the most valuable of its objects. */
  worth({ objects }: KnownResponse): Worth {
    const manifests = objects.flatMap((key) => this.#parts.manifest(key) ?? []);
    if (manifests.some(({ pinned }) => pinned)) return 'pinned';
    return manifests.some(({ held }) => held.bytes >= LASTING_BYTES) ? 'lasting' : 'passing';
  }

  /** Deletes a record to make room. */
  evict(known: KnownResponse): Promise<boolean> {
    return this.#locks.run(known.key, async () => {
      if (this.#files.get(known.key) !== known) return false;
      this.#hot.delete(known.key);
      await this.#deleteFile(known.key);
      return known.sizeBytes === 0;
    });
  }

  /** Reads a record without making it hot; resolves to `undefined` for a damaged one. */
  async #peekFile(key: ResponseKey): Promise<ResponseRecord | undefined> {
    if (!this.#files.has(key)) return undefined;
    const { layout, own } = this.#parts;
    const bytes = await own.read(layout.response(key)).catch(() => undefined);
    return bytes === undefined ? undefined : parseResponse(bytes);
  }

  async #read(key: ResponseKey): Promise<ResponseRecord | undefined> {
    // Another caller may have read or replaced it while this one waited for the lock.
    const hot = this.#hot.get(key);
    if (hot !== undefined) return hot.record;
    if (!this.#files.has(key)) return undefined;
    const { health, layout, own } = this.#parts;
    let bytes: Buffer;
    try {
      bytes = await own.read(layout.response(key));
    } catch (error) {
      if (!isMissing(error)) health.readFailed('read', error);
      return undefined;
    }
    const record = parseResponse(bytes);
    if (record === undefined || responseKey(record.origin, record.uri) !== key) {
      await this.#deleteFile(key);
      return undefined;
    }
    this.#hot.set(key, { record, bytes: bytes.length });
    const known = this.#files.get(key);
    if (known !== undefined) known.objects = objectsOf(record);
    this.#touch(key);
    return record;
  }

  /** Replaces the file by rename. Resolves to false when it could not be written. */
  async #write(key: ResponseKey, bytes: Buffer, objects: readonly ObjectKey[]): Promise<boolean> {
    const { directories, health, layout, ledger, metadata, site, space } = this.#parts;
    if (!site.isReady || !health.writable) return false;
    const cost = fileCost(bytes.length);
    metadata.makeRoom(cost);
    const reservation = await space.reserve(cost + MAX_NAME_COST);
    if (reservation === undefined) return false;
    const draft = layout.nextDraft();
    try {
      await directories.ensure('responses', key);
      await writeFile(draft, bytes, { mode: FILE_MODE, flag: 'wx' });
      await rename(draft, layout.response(key));
      const before = this.#files.get(key);
      reservation.spend('metadata', cost);
      if (before === undefined) directories.added('responses', key, reservation);
      else ledger.release('metadata', this.cost(before));
      const known = before ?? { kind: 'response', key, sizeBytes: 0, objects };
      known.sizeBytes = bytes.length;
      known.objects = objects;
      this.#files.set(key, known);
      metadata.add(known);
      return true;
    } catch (error) {
      if (isMissing(error)) directories.lost('responses', key);
      health.failed('response', error);
      await unlink(draft).catch(() => undefined);
      return false;
    } finally {
      reservation.release();
    }
  }

  async #deleteFile(key: ResponseKey): Promise<void> {
    const { directories, health, layout, ledger, metadata } = this.#parts;
    const known = this.#files.get(key);
    if (known === undefined) return;
    try {
      await unlink(layout.response(key));
    } catch (error) {
      if (!isMissing(error)) {
        health.failed('unlink', error);
        return;
      }
    }
    this.#files.delete(key);
    directories.removed('responses', key);
    ledger.release('metadata', this.cost(known));
    known.sizeBytes = 0;
    metadata.remove(known);
  }

  /** Marks a record and its objects as used: an object that stays open is not marked otherwise. */
  #touch(key: ResponseKey): void {
    const known = this.#files.get(key);
    if (known === undefined) return;
    const { manifest, metadata } = this.#parts;
    for (const object of known.objects) metadata.touch(manifest(object));
    metadata.touch(known);
  }
}

function objectsOf({ variants }: ResponseRecord): readonly ObjectKey[] {
  return [...new Set(variants.map(({ object }) => objectKey(object)))];
}
