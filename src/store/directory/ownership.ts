/**
 * Whether a file in the cache directory is Forebay's own: the one place that judges by owner and
 * mode. Files that others own or may write are never trusted, and neither are symlinks. The rooms
 * of the store, the key and the admin token read through it.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { open } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Write permission for the group or for others. */
const OTHERS_WRITE = 0o022;
export const DIRECTORY_MODE = 0o700;
const PERMISSION_BITS = 0o777;

/** Flags to open a file of ours for reading: a FIFO in its place does not block. */
const READ_OWN = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * There is something, and it is not ours. `code` is that of a system call that may not do
 * something.
 */
export class NotOursError extends Error {
  readonly code = 'EPERM';
  readonly path: string;
  /** What is wrong with it, and what to do; for people. */
  readonly why: string;

  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = 'NotOursError';
    this.path = path;
    this.why = why;
  }
}

type Judged = Pick<Stats, 'uid' | 'mode'>;

/** The user that this process is. Windows has none. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

export class Ownership {
  readonly uid: number;

  constructor(uid = ownUid()) {
    this.uid = uid;
  }

  /** What is wrong, for people; `undefined`: it is Forebay's own, and only Forebay may write it. */
  fault({ uid, mode }: Judged): string | undefined {
    if (uid !== this.uid) {
      return `it belongs to user ${String(uid)}, and this is user ${String(this.uid)}`;
    }
    if ((mode & OTHERS_WRITE) !== 0) {
      return `others may write it (mode ${(mode & PERMISSION_BITS).toString(8)})`;
    }
    return undefined;
  }

  isOurs(stat: Judged): boolean {
    return this.fault(stat) === undefined;
  }

  /** Throws a `NotOursError` unless it is a regular file of ours. */
  check(path: string, stat: Judged & Pick<Stats, 'isFile'>): void {
    if (!stat.isFile()) throw new NotOursError(path, 'it is no regular file');
    const fault = this.fault(stat);
    if (fault !== undefined) throw new NotOursError(path, fault);
  }

  /**
   * A small own file, whole. Throws a `NotOursError` or the error of open(2): ELOOP for a symlink.
   */
  readSync(path: string): Buffer {
    const fd = openSync(path, READ_OWN);
    try {
      this.check(path, fstatSync(fd));
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** The same without blocking. */
  async read(path: string): Promise<Buffer> {
    const handle = await open(path, READ_OWN);
    try {
      this.check(path, await handle.stat());
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /**
   * Adopts an own directory: a mode that is too wide is narrowed, and files that others have put
   * there are judged by their owner. Throws a `NotOursError` if others own it, or the error of
   * open(2): ENOTDIR for a symlink.
   */
  takeDirectory(path: string): Stats {
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const stat = fstatSync(fd);
      const fault = this.fault({ uid: stat.uid, mode: DIRECTORY_MODE });
      if (fault !== undefined) throw new NotOursError(path, fault);
      if ((stat.mode & PERMISSION_BITS) !== DIRECTORY_MODE) fchmodSync(fd, DIRECTORY_MODE);
      return stat;
    } finally {
      closeSync(fd);
    }
  }
}
