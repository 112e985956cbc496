/**
 * One manifest file: read whole, appended to, rewritten when most of it is dead. Its only user is
 * store/objects/manifests, which runs one call at a time per file and keeps the books.
 *
 * An append is one write of whole lines at a known offset. If it fails half-way, the file is longer
 * than what counts; the torn tail is cut before the next append, as it is after a kill.
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

/** Below this a rewrite saves nothing worth a file operation. */
const COMPACT_ABOVE_BYTES = 64 * 1024;

export class ManifestLog {
  readonly contents: ManifestContents;
  readonly #path: string;
  /** Bytes that count; 0 while the file does not exist. */
  #sizeBytes: number;
  #deadBytes: number;
  #handle: FileHandle | null = null;

  private constructor(path: string, contents: ManifestContents, size: number, dead: number) {
    this.#path = path;
    this.contents = contents;
    this.#sizeBytes = size;
    this.#deadBytes = dead;
  }

  /** A manifest that is not on disk: its file is made by the first append. */
  static fresh(path: string, identity: ManifestContents['identity']): ManifestLog {
    return new ManifestLog(path, { identity, records: new Map(), attestedBy: null }, 0, 0);
  }

  /**
   * Reads the file; `undefined` when its first record is damaged. Rejects as `Ownership.read` does.
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
   * is as before and so is, once the tail is cut, the file.
   */
  async append(changes: readonly ManifestChange[]): Promise<void> {
    const bytes = this.#encode(changes);
    this.#handle ??= await this.#open();
    // Cuts a torn tail, of a kill or of an append of ours that failed.
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

  /** Applies changes to memory alone: what a store does that cannot write. */
  apply(changes: readonly ManifestChange[]): void {
    for (const change of changes) this.#deadBytes += applyChange(this.contents, change);
  }

  /** Forgets a chunk's ids in memory only; a `forgotten` line may follow. */
  forget(record: Pick<ChunkRecord, 'index' | 'id'>): void {
    this.#deadBytes += forgetRecord(this.contents, record);
  }

  /** Replaces the file by one of live lines only, written at `draftPath` first. */
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

  /** Closes the descriptor; a later append opens it again. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** After a failed write: nothing that is not in the books may stay on the disk. */
  async #undo(): Promise<void> {
    try {
      if (this.#sizeBytes > 0) await this.#handle?.truncate(this.#sizeBytes);
      else {
        await this.close();
        await unlink(this.#path);
      }
    } catch {
      // A disk that is this broken keeps its torn tail until the next append or start.
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
