/**
 * Descriptors with a count of their users. A chunk file without users stays open for a while, as
 * the next reader of a hot chunk would open it again; `OpenFiles` bounds the number of such files.
 * When a chunk file is deleted, store/chunks/chunk-files retires it, so that its bytes come free.
 */
import { type BigIntStats, close, type NoParamCallback } from 'node:fs';
import { deferred } from '../../model/deferred.js';
import type { OpenFile } from '../../model/segment.js';
import { isOutOfDescriptors } from '../directory/errno.js';

/**
 * Maximum number of idle descriptors. With chunks of 8 MiB this is a working set of 2 GiB, and far
 * below 1,024, the usual limit of a process's descriptors.
 */
export const MAX_IDLE_FILES = 256;

/**
 * Returns device, inode and time of the last write, which identify a stored file and survive a
 * rename. The inode number alone does not suffice: it is used again after a file was deleted.
 */
export function identityOf({
  dev,
  ino,
  mtimeNs,
}: Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs'>): string {
  return `${String(dev)}:${String(ino)}:${String(mtimeNs)}`;
}

/** What happens to a descriptor when its last user releases it. */
export type WhenUnused = 'close' | 'keep';

export class CountedFile implements OpenFile {
  readonly fd: number;
  /** Resolves when the descriptor is closed. If the file is unlinked, its bytes are free then. */
  readonly whenClosed: Promise<void>;
  whenUnused: WhenUnused = 'close';
  /** Distinguishes this file from others that may be put at its path: see `identityOf`. */
  identity = '';
  readonly #files: OpenFiles;
  readonly #done = deferred<undefined>();
  #users = 1;
  #closing = false;

  /** Takes over `fd`. The caller is the first user. */
  constructor(fd: number, files: OpenFiles) {
    this.fd = fd;
    this.#files = files;
    this.whenClosed = this.#done.promise;
  }

  get inUse(): boolean {
    return this.#users > 0;
  }

  /** False once the descriptor must not be used any more. */
  get isOpen(): boolean {
    return !this.#closing;
  }

  /** Adds one user. Throws when the file is closed: `fd` may be another file's by now. */
  retain(): void {
    if (this.#closing) throw new Error('a closed file cannot be retained');
    this.#files.unpark(this);
    this.#users += 1;
  }

  /** Removes one user. Throws when there is none: a second close could hit another file. */
  release(): void {
    if (this.#users === 0) throw new Error('released a file that nobody uses');
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.whenUnused === 'keep') this.#files.park(this);
    else this.#close();
  }

  /** Closes the descriptor: now if it is idle, else when its last user releases it. */
  retire(): void {
    this.whenUnused = 'close';
    this.#files.unpark(this);
    if (this.#users === 0) this.#close();
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    // Linux frees the descriptor even if close(2) fails, so an error changes nothing here.
    const done: NoParamCallback = () => {
      this.#done.resolve(undefined);
    };
    close(this.fd, done);
  }
}

/** The idle descriptors, longest idle first. */
export class OpenFiles {
  readonly #idle = new Set<CountedFile>();
  #maxIdle: number;

  constructor(maxIdle = MAX_IDLE_FILES) {
    this.#maxIdle = maxIdle;
  }

  get idle(): number {
    return this.#idle.size;
  }

  park(file: CountedFile): void {
    this.#idle.add(file);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= this.#maxIdle) break;
      oldest.retire();
    }
  }

  unpark(file: CountedFile): void {
    this.#idle.delete(file);
  }

  /** Runs `open`. If no descriptor is left, closes the idle ones and tries once more. */
  async opening(open: () => Promise<number>): Promise<number> {
    try {
      return await open();
    } catch (error) {
      if (!isOutOfDescriptors(error) || this.#idle.size === 0) throw error;
      await this.#closeIdle();
      return open();
    }
  }

  /** Closes every idle descriptor, and from now on each one that becomes idle. */
  async close(): Promise<void> {
    this.#maxIdle = 0;
    await this.#closeIdle();
  }

  async #closeIdle(): Promise<void> {
    const files = [...this.#idle];
    for (const file of files) file.retire();
    await Promise.all(files.map((file) => file.whenClosed));
  }
}
