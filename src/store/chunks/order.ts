/**
 * The LRU order on disk: a snapshot now and then and at shutdown, so that a restart evicts cold
 * chunks first. It is a hint: after a kill the last snapshot counts, and without one only the order
 * is lost. 32-byte chunk ids end to end, coldest first, without orphans.
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
 * Reads the snapshot, coldest first; empty when there is none. Torn or foreign bytes do no harm.
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
  for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES) {
    ids.push(bytes.toString('hex', at, at + ID_BYTES) as ChunkId);
  }
  return { ids, sizeBytes: bytes.length };
}

export class OrderSnapshots {
  readonly #parts: OrderDeps;
  /** Bytes booked for the file. */
  #booked: number;
  #savedRevision: number;
  #saving: Promise<void> | null = null;
  #cancel: () => void = () => undefined;

  /** `sizeBytes`: of the snapshot found at start, which is booked already; 0 without one. */
  constructor(parts: OrderDeps, sizeBytes: number) {
    this.#parts = parts;
    this.#booked = sizeBytes === 0 ? 0 : fileCost(sizeBytes);
    // Without a snapshot the order found at start is worth one.
    this.#savedRevision = sizeBytes === 0 ? -1 : parts.index.revision;
  }

  /** Begins to save every interval. */
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

  /** Writes the order as it is now, if it changed and the disk takes it. Never rejects. */
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
      // More chunks came while room was made: the next snapshot has them.
      if (cost > reservation.bytes) return;
      await writeFile(path, bytes, { mode: FILE_MODE, flag: 'wx' });
      await rename(path, layout.order);
      reservation.spend('hints', cost);
      ledger.release('hints', this.#booked);
      this.#booked = cost;
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
    let at = 0;
    for (const entry of index.coldestFirst()) {
      if (entry.tier !== 'orphan') at += bytes.write(entry.id, at, 'hex');
    }
    return bytes;
  }
}
