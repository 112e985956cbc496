/**
 * Checks that files in the cache directory are ours: owned by this user, and writable by no other.
 * Only this file decides by owner and mode. A file that is not ours, or a symlink, is not read. The
 * store, the cache key and the admin token are read through it.
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

/** Flags to open a file of ours for reading. A FIFO in its place does not block the open. */
const READ_OWN = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** The error for a path that exists and is not ours. `code` is EPERM, as of a system call. */
export class NotOursError extends Error {
  readonly code = 'EPERM';
  readonly path: string;
  /** What is wrong with it, for messages. */
  readonly why: string;

  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = 'NotOursError';
    this.path = path;
    this.why = why;
  }
}

type Judged = Pick<Stats, 'uid' | 'mode'>;

/** Returns the effective user id of this process; 0 on Windows, which has none. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

export class Ownership {
  readonly uid: number;

  constructor(uid = ownUid()) {
    this.uid = uid;
  }

  /** Returns what is wrong with its owner or mode, for messages; `undefined` when it is ours. */
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
    if (!stat.isFile()) throw new NotOursError(path, 'it is not a regular file');
    const fault = this.fault(stat);
    if (fault !== undefined) throw new NotOursError(path, fault);
  }

  /**
   * Reads a small file of ours whole. Throws a `NotOursError` or the error of open(2), such as
   * ELOOP for a symlink.
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

  /** Does the same without blocking the thread. */
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
   * Checks that this user owns a directory, and narrows its mode to 0700. Files that others put
   * into it before are rejected by their own owner. Returns its stat. Throws a `NotOursError` when
   * another user owns it, or the error of open(2), such as ENOTDIR for a symlink.
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
