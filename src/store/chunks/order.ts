/**
 * The LRU order on disk: a snapshot at every interval and at shutdown, so that the store evicts
 * cold chunks first after a restart too. It is only a hint: after a kill the last snapshot is read,
 * and without one only the order is lost. The file has 32-byte chunk ids end to end, coldest first,
 * without orphans.
 */
import { rename, unlink, writeFile } from 'node:fs/promises';
import { ID_BYTES } from '../../model/chunk.js';
import type { ChunkId } from '../../model/ids.js';
import type { Clock } from '../../model/time.js';
import type { StoreDeps } from './chunk-files.js';
import { fileCost } from '../space/ledger.js';
import { Ownership } from '../directory/ownership.js';
import type { CacheDirectory } from '../directory/cache-directory.js';
import type { Space } from './space.js';

const FILE_MODE = 0o600;

export interface OrderDeps extends StoreDeps {
  readonly space: Space;
  readonly site: CacheDirectory;
  readonly clock: Clock;
  readonly intervalMs: number;
}

/**
 * Reads the snapshot, coldest first; returns no ids when there is none. Torn or foreign bytes do no
 * harm: recovery ignores unknown ids.
 */
export function readOrder(
  path: string,
  own: Ownership = new Ownership(),
): { ids: ChunkId[]; sizeBytes: number } {
  let bytes: Buffer;
  try {
    bytes = own.readSync(path);
  } catch {
    return { ids: [], sizeBytes: 0 };
  }
  const ids: ChunkId[] = [];
  for (let offset = 0; offset + ID_BYTES <= bytes.length; offset += ID_BYTES) {
    ids.push(bytes.toString('hex', offset, offset + ID_BYTES) as ChunkId);
  }
  return { ids, sizeBytes: bytes.length };
}

export class OrderSnapshots {
  readonly #parts: OrderDeps;
  /** Bytes charged for the present file. */
  #chargedBytes: number;
  #savedRevision: number;
  #saving: Promise<void> | null = null;
  #cancel: () => void = () => undefined;

  /** `sizeBytes`: of the snapshot found at start, already charged; 0 if there was none. */
  constructor(parts: OrderDeps, sizeBytes: number) {
    this.#parts = parts;
    this.#chargedBytes = sizeBytes === 0 ? 0 : fileCost(sizeBytes);
    // Without a snapshot, one of the recovered chunks is due.
    this.#savedRevision = sizeBytes === 0 ? -1 : parts.index.revision;
  }

  /** Saves after every interval. */
  start(): void {
    this.#cancel = this.#parts.clock.after(this.#parts.intervalMs, () => {
      void this.save().finally(() => {
        this.start();
      });
    });
  }

  /** Saves once more and stops. */
  async close(): Promise<void> {
    this.#cancel();
    await this.#saving;
    this.#cancel();
    await this.save();
  }

  /** Writes the current order, if it changed and the disk is writable. Never rejects. */
  async save(): Promise<void> {
    const { health, index, site } = this.#parts;
    if (!site.isReady || !health.writable || index.revision === this.#savedRevision) return;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = null;
    });
    await this.#saving;
  }

  async #write(): Promise<void> {
    const { health, index, layout, ledger, space } = this.#parts;
    const reservation = await space.reserve(fileCost((index.size - index.orphans) * ID_BYTES));
    if (reservation === undefined) return;
    const revision = index.revision;
    const bytes = this.#encode();
    const cost = fileCost(bytes.length);
    const path = layout.nextDraft();
    try {
      // Chunks were added while room was being made: the next snapshot includes them.
      if (cost > reservation.bytes) return;
      await writeFile(path, bytes, { mode: FILE_MODE, flag: 'wx' });
      await rename(path, layout.order);
      reservation.spend('hints', cost);
      ledger.release('hints', this.#chargedBytes);
      this.#chargedBytes = cost;
      this.#savedRevision = revision;
    } catch (error) {
      health.failed('order', error);
      await unlink(path).catch(() => undefined);
    } finally {
      reservation.release();
    }
  }

  #encode(): Buffer {
    const { index } = this.#parts;
    const bytes = Buffer.alloc((index.size - index.orphans) * ID_BYTES);
    let offset = 0;
    for (const entry of index.coldestFirst()) {
      if (entry.tier !== 'orphan') offset += bytes.write(entry.id, offset, 'hex');
    }
    return bytes;
  }
}
