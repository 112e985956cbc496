/**
 * Descriptors with a count of their users. An unused chunk file stays open for a while, since the
 * next reader of a hot chunk would open it again; the number of idle ones is bounded. Deleting a
 * file closes its descriptor (store/chunks/chunk-files), so that its bytes are freed.
 */
import { type BigIntStats, close, type NoParamCallback } from 'node:fs';
import { deferred } from '../../model/deferred.js';
import type { OpenFile } from '../../model/segment.js';
import { isOutOfDescriptors } from '../directory/errno.js';

/**
 * Idle descriptors kept: 2 GiB of 8 MiB chunks, and far below the usual limit of 1,024 descriptors.
 */
export const MAX_IDLE_FILES = 256;

/**
 * Device, inode and time of the last write: what stays the same as long as a file does, renamed or
 * not. An inode's number alone comes back when its file was deleted.
 */
export function identityOf({
  dev,
  ino,
  mtimeNs,
}: Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs'>): string {
  return `${String(dev)}:${String(ino)}:${String(mtimeNs)}`;
}

/** What happens after the last release: close the file, or keep it open for the next user. */
export type WhenUnused = 'close' | 'keep';

export class CountedFile implements OpenFile {
  readonly fd: number;
  /** Resolves when the descriptor is closed: its bytes are free from then on. */
  readonly whenClosed: Promise<void>;
  whenUnused: WhenUnused = 'close';
  /** Distinguishes this file from others at its path: see `identityOf`. */
  identity = '';
  readonly #files: OpenFiles;
  readonly #done = deferred<undefined>();
  #users = 1;
  #closing = false;

  /** Takes over `fd`, with one user: the caller. */
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

  /** One user more. Throws when the file is closed: its number may be another file's by now. */
  retain(): void {
    if (this.#closing) throw new Error('retained a closed file');
    this.#files.unpark(this);
    this.#users += 1;
  }

  /** One user less. Throws when there was none: a second close could hit another file. */
  release(): void {
    if (this.#users === 0) throw new Error('released a file that nobody uses');
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.whenUnused === 'keep') this.#files.park(this);
    else this.#close();
  }

  /** Closes the file now, or after its last release. */
  retire(): void {
    this.whenUnused = 'close';
    this.#files.unpark(this);
    if (this.#users === 0) this.#close();
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    // Linux frees the descriptor whatever close(2) answers, so an error here changes nothing.
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

  /** Runs `open`; where no descriptor is left it closes the idle ones, and tries once more. */
  async opening(open: () => Promise<number>): Promise<number> {
    try {
      return await open();
    } catch (error) {
      if (!isOutOfDescriptors(error) || this.#idle.size === 0) throw error;
      await this.#closeIdle();
      return open();
    }
  }

  /** Closes every idle descriptor, and from now on each as it becomes idle. */
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
