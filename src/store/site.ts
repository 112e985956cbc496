/**
 * The cache directory as a place: made and locked before anything in it is believed. `prepare` may be
 * run again where the disk was full or read-only at start, and does what is still missing.
 *
 * Synchronous, because it runs before the process serves anyone, or once a second at the most.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { SystemCalls } from '../model/store.js';
import { errnoOf, isMissing } from './errno.js';
import { checkFormat } from './format-file.js';
import type { Layout } from './layout.js';
import { StartupError } from './startup-error.js';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const PERMISSION_BITS = 0o777;

export class Site {
  readonly #layout: Layout;
  readonly #chunkSizeBytes: number;
  readonly #system: SystemCalls;
  #lockFd: number | null = null;
  #ready = false;

  constructor(layout: Layout, chunkSizeBytes: number, system: SystemCalls) {
    this.#layout = layout;
    this.#chunkSizeBytes = chunkSizeBytes;
    this.#system = system;
  }

  /** True when the directory is locked, of our format, and complete: it may be written to. */
  get isReady(): boolean {
    return this.#ready;
  }

  /**
   * Makes, locks and checks the directory. Throws a `StartupError` when it is not ours to use, or
   * the system's error.
   */
  prepare(): void {
    try {
      this.#prepare();
    } catch (error) {
      // On a failing disk the lock is kept: what is there may still be read.
      if (error instanceof StartupError) this.close();
      throw error;
    }
  }

  /** Lets go of the lock. */
  close(): void {
    this.#ready = false;
    if (this.#lockFd !== null) closeSync(this.#lockFd);
    this.#lockFd = null;
  }

  #prepare(): void {
    const { root } = this.#layout;
    makePath(root);
    const readOnly = this.#takeLock();
    checkFormat(this.#layout, this.#chunkSizeBytes);
    if (readOnly !== undefined) throw readOnly;
    for (const path of this.#layout.directories) ownDirectory(path);
    this.#ready = true;
  }

  /**
   * Takes the lock and leaves the process id in it for the next who tries. On a read-only file system
   * the lock is taken all the same where its file exists; the error is returned, once.
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
    if (!this.#system.tryLock(fd)) {
      const holder = readFileSync(fd, 'latin1').trim();
      closeSync(fd);
      const who = /^\d+$/.test(holder) ? `process ${holder}` : 'another process';
      throw new StartupError(
        'cache-locked',
        lock,
        `${who} uses the cache directory ${this.#layout.root}`,
      );
    }
    this.#lockFd = fd;
    if (readOnly === undefined) {
      ftruncateSync(fd);
      writeSync(fd, `${String(process.pid)}\n`, 0);
    }
    return readOnly;
  }
}

/**
 * Makes a directory and what is missing above it. Node's own `recursive` never returns where mkdir(2)
 * says ENOENT below a directory that exists, as it does in /proc.
 */
function makePath(path: string): void {
  try {
    makeDirectory(path);
  } catch (error) {
    const parent = dirname(path);
    if (!isMissing(error) || parent === path) throw error;
    makePath(parent);
    makeDirectory(path);
  }
}

/** Makes one directory, or takes what is there. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Makes a directory that only we may enter, or takes the one there; a symlink is refused. */
function ownDirectory(path: string): void {
  makeDirectory(path);
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if ((fstatSync(fd).mode & PERMISSION_BITS) !== DIRECTORY_MODE) fchmodSync(fd, DIRECTORY_MODE);
  } finally {
    closeSync(fd);
  }
}
