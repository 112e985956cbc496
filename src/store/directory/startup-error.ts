/**
 * Why a cache directory cannot be used at all. Thrown only while the store opens; cli/ turns it
 * into a message and an exit code. Everything that a running store can live with is not one of
 * these.
 */
import type { Layout } from './layout.js';
import type { NotOursError } from './ownership.js';

export type StartupCode =
  /** Another process holds the lock. */
  | 'cache-locked'
  /** Written by another format version, or not a Forebay cache. */
  | 'cache-format'
  /** Written with another chunk size. */
  | 'cache-chunk-size'
  /** Others own it, or something in it, or may write it. */
  | 'cache-untrusted'
  /** The directory cannot be made, entered or changed. */
  | 'cache-directory';

/** `message` is for people and names `path`; `errno` is the system's error, if there is one. */
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

/** For what lies in the cache directory and is not to be believed. */
export function notOurs({ path, why }: NotOursError, layout: Layout): StartupError {
  const shown = layout.shown(path);
  const message =
    `the cache directory ${layout.root} is not to be trusted: ${shown}: ${why}; delete that, ` +
    'or name another directory with `--cache-dir` (`cache.directory`)';
  return new StartupError('cache-untrusted', shown, message);
}

/** Why a path in the cache directory cannot be used, and what to do about it. */
export function unusable(path: string, errno: string): string {
  return `the cache directory cannot be used: ${path}: ${errno}: ${remedy(errno)}`;
}

function remedy(errno: string): string {
  switch (errno) {
    case 'ENOTDIR':
    case 'EEXIST':
      return (
        'it, or a part of its path, is a file and not a directory; ' +
        'name another one with `--cache-dir` (`cache.directory`), or move the file away'
      );
    case 'ENOENT':
      return (
        'a directory above it is missing and cannot be made there; ' +
        'make it, mount its file system, or name another one with `--cache-dir` (`cache.directory`)'
      );
    case 'EACCES':
    case 'EPERM':
      return (
        'this user may not make, enter or write it; give it to the user that runs Forebay ' +
        '(`chown`), or name another one with `--cache-dir` (`cache.directory`)'
      );
    case 'ELOOP':
      return 'it is a symbolic link, which is not followed; name the directory that it leads to';
    case 'ENAMETOOLONG':
      return 'its path is too long; name a shorter one with `--cache-dir` (`cache.directory`)';
    default:
      return 'look at the file system, or name another directory with `--cache-dir` (`cache.directory`)';
  }
}
