/**
 * One manifest file: read whole, appended to, rewritten when most of its lines are dead. Used by
 * store/objects/manifests and store/objects/manifest-files, which run one call at a time per file
 * and keep the ledger.
 *
 * An append is one write of whole lines at a known offset. If it fails half-way, or the process is
 * killed, the file has a torn tail, which the next append cuts off.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import type { ChunkRecord } from '../../model/manifest.js';
import { applyChange, encodeChange, encodeIdentity, encodeManifest } from './manifest-records.js';
import { forgetRecord, parseManifest } from './manifest-records.js';
import type { ManifestChange, ManifestContents } from './manifest-records.js';
import { Ownership } from '../directory/ownership.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const FILE_MODE = 0o600;

/** A smaller file is not rewritten: that would save less than the file operation costs. */
const COMPACT_ABOVE_BYTES = 64 * 1024;

export class ManifestLog {
  readonly contents: ManifestContents;
  readonly #path: string;
  /** Bytes of whole lines; 0 while the file does not exist. */
  #sizeBytes: number;
  #deadBytes: number;
  #handle: FileHandle | null = null;

  private constructor(path: string, contents: ManifestContents, size: number, dead: number) {
    this.#path = path;
    this.contents = contents;
    this.#sizeBytes = size;
    this.#deadBytes = dead;
  }

  /** Returns a manifest that is not on disk; the first append creates its file. */
  static fresh(path: string, identity: ManifestContents['identity']): ManifestLog {
    return new ManifestLog(path, { identity, records: new Map(), attestedBy: null }, 0, 0);
  }

  /**
   * Reads the file; resolves to `undefined` when its first record is damaged. Rejects as
   * `Ownership.read` does.
   */
  static async read(
    path: string,
    own: Ownership = new Ownership(),
  ): Promise<ManifestLog | undefined> {
    const parsed = parseManifest(await own.read(path));
    if (parsed === undefined) return undefined;
    return new ManifestLog(path, parsed.contents, parsed.endOfLines, parsed.deadBytes);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** True when dead lines outweigh live ones. */
  get wantsCompaction(): boolean {
    return this.#sizeBytes > COMPACT_ABOVE_BYTES && this.#deadBytes * 2 > this.#sizeBytes;
  }

  /** Bytes of the file that `rewrite` would write. */
  get liveBytes(): number {
    return this.#sizeBytes - this.#deadBytes;
  }

  /** Bytes that `append(changes)` would add. */
  growth(changes: readonly ManifestChange[]): number {
    return this.#encode(changes).length;
  }

  /**
   * Writes the changes in one piece, then applies them to `contents`. When it rejects, `contents`
   * is unchanged, and so is the file once its torn tail is cut off.
   */
  async append(changes: readonly ManifestChange[]): Promise<void> {
    const bytes = this.#encode(changes);
    this.#handle ??= await this.#open();
    // Cuts off a torn tail, left by a kill or by a failed append of this process.
    if ((await this.#handle.stat()).size !== this.#sizeBytes) {
      await this.#handle.truncate(this.#sizeBytes);
    }
    try {
      await writeFully(this.#handle, bytes, this.#sizeBytes);
    } catch (error) {
      await this.#undo();
      throw error;
    }
    this.#sizeBytes += bytes.length;
    this.apply(changes);
  }

  /** Applies changes in memory alone, for a store that cannot write. */
  apply(changes: readonly ManifestChange[]): void {
    for (const change of changes) this.#deadBytes += applyChange(this.contents, change);
  }

  /** Forgets a chunk's ids in memory alone; the caller may append a `forgotten` line later. */
  forget(record: Pick<ChunkRecord, 'index' | 'id'>): void {
    this.#deadBytes += forgetRecord(this.contents, record);
  }

  /** Replaces the file by one of live lines only, which it first writes at `draftPath`. */
  async rewrite(draftPath: string): Promise<void> {
    const bytes = encodeManifest(this.contents);
    const handle = await open(draftPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
    try {
      await writeFully(handle, bytes, 0);
      await rename(draftPath, this.#path);
    } catch (error) {
      await handle.close();
      await unlink(draftPath).catch(() => undefined);
      throw error;
    }
    await this.close();
    this.#handle = handle;
    this.#sizeBytes = bytes.length;
    this.#deadBytes = 0;
  }

  /** Closes the descriptor; a later append opens the file again. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** Removes what a failed write left: no bytes may stay on disk that the ledger does not count. */
  async #undo(): Promise<void> {
    try {
      if (this.#sizeBytes > 0) await this.#handle?.truncate(this.#sizeBytes);
      else {
        await this.close();
        await unlink(this.#path);
      }
    } catch {
      // The torn tail then stays until the next append.
    }
  }

  #encode(changes: readonly ManifestChange[]): Buffer {
    const lines = changes.map(encodeChange);
    if (this.#sizeBytes === 0) lines.unshift(encodeIdentity(this.contents.identity));
    return Buffer.concat(lines);
  }

  async #open(): Promise<FileHandle> {
    const creating = this.#sizeBytes === 0 ? O_CREAT : 0;
    return open(this.#path, O_WRONLY | O_NOFOLLOW | creating, FILE_MODE);
  }
}

async function writeFully(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const rest = bytes.length - written;
    const { bytesWritten } = await handle.write(bytes, written, rest, position + written);
    written += bytesWritten;
  }
}
