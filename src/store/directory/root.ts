/**
 * The root of the cache directory: created, checked and held open, so that all else is reached
 * through its descriptor and no other directory can take its place. Used by
 * store/directory/cache-directory only.
 *
 * Its owner matters, its readers do not: users who may write a directory can create, move and
 * replace names in it. A parent may be writable for others (/tmp). They can then move the directory
 * away, but what they put in its place belongs to them, and is refused.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf } from '../../model/errno.js';
import { isMissing } from './errno.js';
import { DIRECTORY_MODE, type Ownership } from './ownership.js';
import { StartupError } from './startup-error.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** The system's own user, who may do anything anyway. */
const ROOT_UID = 0;

/** As many symlinks on one way as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

/** An open root. */
export interface OpenRoot {
  readonly fd: number;
  /** A name that leads to the open directory, whatever happens to its path. */
  readonly base: string;
}

/**
 * Creates the directory if it is missing and opens it. Throws a `StartupError` (`cache-untrusted`)
 * if others own it or may write it, or the system's error.
 */
export function openRoot(path: string, own: Ownership): OpenRoot {
  makePath(path);
  checkWay(path, own);
  // The links on the way are ours or the system's; at its end there is none any more.
  const fd = openSync(realpathSync(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const root = { fd, base: baseOf(path, fd) };
    checkRoot(path, root, own);
    return root;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function checkRoot(path: string, { fd, base }: OpenRoot, own: Ownership): void {
  const stat = fstatSync(fd);
  const fault = own.fault(stat);
  if (fault === undefined) return;
  if (stat.uid !== own.uid) {
    throw untrusted(
      path,
      `the cache directory ${path} is not to be trusted: ${fault}; name a directory of this user with ` +
        '`--cache-dir` (`cache.directory`), such as one that is not there yet, or, if nobody else could put ' +
        'anything into it, give all of it to this user (`chown -R`)',
    );
  }
  // Created by `mkdir` under a wide umask: no one has put anything into it yet.
  if (isEmpty(base)) {
    fchmodSync(fd, DIRECTORY_MODE);
    // Checked again: another process may have been faster.
    if (isEmpty(base)) return;
  }
  throw untrusted(
    path,
    `the cache directory ${path} is not to be trusted: ${fault}, so what is in it may be anybody's; ` +
      `see that nobody else's files are in it, then \`chmod go-w ${path}\`, or name another with ` +
      '`--cache-dir` (`cache.directory`)',
  );
}

function isEmpty(path: string): boolean {
  return readdirSync(path).length === 0;
}

/** Refuses a path through a symlink of another user, who could point it at any directory. */
function checkWay(path: string, own: Ownership): void {
  let links = 0;
  const walk = (way: string): void => {
    const parent = dirname(way);
    if (parent !== way) walk(parent);
    const stat = lstatSync(way);
    if (!stat.isSymbolicLink()) return;
    links += 1;
    if (stat.uid !== own.uid && stat.uid !== ROOT_UID) {
      throw untrusted(
        path,
        `the cache directory ${path} is not to be trusted: ${way} is a symbolic link of user ` +
          `${String(stat.uid)}; name the directory that it should lead to`,
      );
    }
    // The system itself refuses more when the path is opened.
    if (links <= MAX_LINKS) walk(resolve(parent, readlinkSync(way)));
  };
  walk(resolve(path));
}

/** Linux names a process's descriptors as files; where nothing does, the path itself is left. */
function baseOf(path: string, fd: number): string {
  const base = `/proc/self/fd/${String(fd)}`;
  try {
    const [named, open] = [statSync(base), fstatSync(fd)];
    return named.dev === open.dev && named.ino === open.ino ? base : path;
  } catch {
    return path;
  }
}

function untrusted(path: string, message: string): StartupError {
  return new StartupError('cache-untrusted', path, message);
}

/**
 * Creates a directory and its missing parents. Node's own `recursive` never returns if mkdir(2)
 * fails with ENOENT below an existing directory, as in /proc.
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

/** Creates one directory with mode 0700, or leaves the existing one. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
