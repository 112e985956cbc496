/**
 * The root of the cache directory: made, judged, and held open, so that all else is reached through
 * its descriptor and nobody can put another directory in its place. Used by
 * store/directory/cache-directory alone.
 *
 * Who owns it matters, who may enter it does not: names in a directory that others may write can be
 * made, moved and replaced by them. A parent may be theirs to write (/tmp). They can then take the
 * directory away, but what they leave in its place belongs to them, and is refused.
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
  /** A name that leads to the descriptor's directory, whatever has become of the path. */
  readonly base: string;
}

/**
 * Makes the directory where it is missing and opens it. Throws a `StartupError` (`cache-untrusted`)
 * when it belongs to somebody else or others may write it, or the system's error.
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
  // Made by `mkdir` under a wide umask: nobody has put anything into it.
  if (isEmpty(base)) {
    fchmodSync(fd, DIRECTORY_MODE);
    // Looked at once more: somebody may have been quicker.
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

/**
 * Refuses a way that goes through a symlink of somebody else's, who can turn it to any directory of
 * ours.
 */
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
 * Makes a directory and what is missing above it. Node's own `recursive` never returns where
 * mkdir(2) says ENOENT below a directory that exists, as it does in /proc.
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

/** Makes one directory that only we may enter, or leaves what is there. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
