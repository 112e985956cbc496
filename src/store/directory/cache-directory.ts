/**
 * Creates, locks and checks the cache directory before anything in it is read. If the disk was full
 * or read-only at start, `prepare` is called again later and does the missing steps.
 *
 * Synchronous, because it runs before the process serves requests, or at most once a second.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import type { SystemCalls } from '../../model/store.js';
import { errnoOf } from '../../model/errno.js';
import { checkFormat } from './format-file.js';
import type { Layout } from './layout.js';
import { NotOursError, Ownership } from './ownership.js';
import { makeDirectory, openRoot } from './root.js';
import { notOurs, StartupError } from './startup-error.js';

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
const FILE_MODE = 0o600;

export class CacheDirectory {
  readonly #layout: Layout;
  readonly #chunkSizeBytes: number;
  readonly #system: SystemCalls;
  readonly #own: Ownership;
  #rootFd: number | null = null;
  #lockFd: number | null = null;
  #ready = false;

  constructor(
    layout: Layout,
    chunkSizeBytes: number,
    system: SystemCalls,
    own: Ownership = new Ownership(),
  ) {
    this.#layout = layout;
    this.#chunkSizeBytes = chunkSizeBytes;
    this.#system = system;
    this.#own = own;
  }

  /**
   * True when the directory is locked, has the right format, and is complete: it may be written.
   */
  get isReady(): boolean {
    return this.#ready;
  }

  /**
   * Creates, locks and checks the directory. Throws a `StartupError` when it must not be used, or
   * the system's error.
   */
  prepare(): void {
    try {
      this.#prepare();
    } catch (thrown) {
      const error = thrown instanceof NotOursError ? notOurs(thrown, this.#layout) : thrown;
      // After a failure of the disk the lock is kept: existing files may still be read.
      if (error instanceof StartupError) this.close();
      throw error;
    }
  }

  /** Releases the lock and closes the directory. */
  close(): void {
    this.#ready = false;
    if (this.#lockFd !== null) closeSync(this.#lockFd);
    this.#lockFd = null;
    if (this.#rootFd !== null) closeSync(this.#rootFd);
    this.#rootFd = null;
    // Paths must not lead through the closed descriptor, whose number may be used again.
    this.#layout.anchor(this.#layout.root);
  }

  #prepare(): void {
    const layout = this.#layout;
    if (this.#rootFd === null) {
      const { fd, base } = openRoot(layout.root, this.#own);
      this.#rootFd = fd;
      layout.anchor(base);
    }
    const readOnly = this.#takeLock();
    checkFormat(layout, this.#chunkSizeBytes, this.#own);
    if (readOnly !== undefined) throw readOnly;
    for (const path of layout.directories) {
      makeDirectory(path);
      this.#own.takeDirectory(path);
    }
    this.#ready = true;
  }

  /**
   * Takes the lock and writes the process id into it, for the message of the next process that
   * tries. On a read-only file system the lock is taken as well, if its file exists, and the EROFS
   * error is returned.
   */
  #takeLock(): Error | undefined {
    if (this.#lockFd !== null) return undefined;
    const { lock } = this.#layout;
    let fd: number;
    let readOnly: Error | undefined;
    try {
      fd = openSync(lock, O_RDWR | O_CREAT | O_NOFOLLOW, FILE_MODE);
    } catch (error) {
      if (errnoOf(error) !== 'EROFS') throw error;
      readOnly = error as Error;
      try {
        fd = openSync(lock, O_RDONLY | O_NOFOLLOW);
      } catch {
        return readOnly;
      }
    }
    try {
      this.#own.check(lock, fstatSync(fd));
      this.#lock(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#lockFd = fd;
    if (readOnly === undefined) {
      ftruncateSync(fd);
      writeSync(fd, `${String(process.pid)}\n`, 0);
    }
    return readOnly;
  }

  #lock(fd: number): void {
    if (this.#system.tryLock(fd)) return;
    const { lock, root } = this.#layout;
    const holder = readFileSync(fd, 'latin1').trim();
    const who = /^\d+$/.test(holder) ? `process ${holder}` : 'another process';
    throw new StartupError(
      'cache-locked',
      this.#layout.shown(lock),
      `${who} uses the cache directory ${root}: stop it, or name another directory with ` +
        '`--cache-dir` (`cache.directory`)',
    );
  }
}
