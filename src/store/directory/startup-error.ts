/**
 * The error for a cache directory that cannot be used at all. The store throws it only while it
 * opens; cli/ turns it into a message and an exit code. Failures of the disk that a running store
 * tolerates are no such error.
 */
import type { Layout } from './layout.js';
import type { NotOursError } from './ownership.js';

export type StartupCode =
  /** Another process holds the lock. */
  | 'cache-locked'
  /** The directory has another format version, or is not a Forebay cache. */
  | 'cache-format'
  /** The cache has another chunk size than the configured one. */
  | 'cache-chunk-size'
  /** The directory, or a file in it, belongs to another user, or others may write it. */
  | 'cache-untrusted'
  /** The directory cannot be created, entered or changed. */
  | 'cache-directory';

/** `message` is for the operator and names `path`; `errno` is that of the cause, if it has one. */
export class StartupError extends Error {
  readonly code: StartupCode;
  readonly path: string;
  readonly errno: string | undefined;

  constructor(code: StartupCode, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StartupError';
    this.code = code;
    this.path = path;
    const errno = (cause as NodeJS.ErrnoException | undefined)?.code;
    this.errno = typeof errno === 'string' ? errno : undefined;
  }
}

/** Returns the error for a path in the cache directory that is not ours. */
export function notOurs({ path, why }: NotOursError, layout: Layout): StartupError {
  const shown = layout.shown(path);
  const message =
    `the cache directory ${layout.root} is not to be trusted: ${shown}: ${why}; delete that path, ` +
    'or name another directory with `--cache-dir` (`cache.directory`)';
  return new StartupError('cache-untrusted', shown, message);
}

/** Returns the message for a path in the cache directory that a system call refused. */
export function unusable(path: string, errno: string): string {
  return `the cache directory cannot be used: ${path}: ${errno}: ${remedy(errno)}`;
}

function remedy(errno: string): string {
  switch (errno) {
    case 'ENOTDIR':
    case 'EEXIST':
      return (
        'it, or a part of its path, is a file and not a directory; ' +
        'name another directory with `--cache-dir` (`cache.directory`), or move the file away'
      );
    case 'ENOENT':
      return (
        'a directory above it is missing and cannot be created; create it, mount its file system, ' +
        'or name another directory with `--cache-dir` (`cache.directory`)'
      );
    case 'EACCES':
    case 'EPERM':
      return (
        'this user may not create, enter or write it; give it to the user that runs Forebay ' +
        '(`chown`), or name another directory with `--cache-dir` (`cache.directory`)'
      );
    case 'ELOOP':
      return 'it is a symbolic link, which is not followed; name the directory that it leads to';
    case 'ENAMETOOLONG':
      return 'its path is too long; name a shorter one with `--cache-dir` (`cache.directory`)';
    default:
      return 'check the file system, or name another directory with `--cache-dir` (`cache.directory`)';
  }
}
