/** Leases on chunks, with and without an open file. Readers hold them while they read. */
import type { ChunkRecord } from '../../model/manifest.js';
import type { HeldChunk } from '../../model/store.js';
import type { ChunkEntry } from './chunk-index.js';
import type { CountedFile } from './open-files.js';

/** Prevents eviction of an entry until released; a second release does nothing. */
export class Lease {
  readonly #entry: ChunkEntry;
  #released = false;

  constructor(entry: ChunkEntry) {
    this.#entry = entry;
    entry.leases += 1;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#entry.leases -= 1;
  }
}

export class HeldFile implements HeldChunk {
  readonly file: CountedFile;
  readonly record: ChunkRecord;
  readonly #entry: ChunkEntry;
  readonly #lease: Lease;
  #released = false;

  /** Takes over `lease` and one use of `file`. */
  constructor(entry: ChunkEntry, record: ChunkRecord, file: CountedFile, lease: Lease) {
    this.#entry = entry;
    this.record = record;
    this.file = file;
    this.#lease = lease;
  }

  get verified(): boolean {
    return this.#entry.verifiedAs === this.file.identity;
  }

  markVerified(): void {
    this.#entry.verifiedAs = this.file.identity;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#lease.release();
    this.file.release();
  }
}
