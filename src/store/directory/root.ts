/**
 * The root of the cache directory: created, checked and held open. All other paths lead through its
 * descriptor, so that another user cannot replace the directory. store/directory/cache-directory
 * uses it.
 *
 * The root must be ours, and others must not have write permission, since they could then create,
 * move and replace names in it. Permission to enter it does no harm. Others may be able to write a
 * parent (/tmp). They can then move the directory away, but what they put in its place belongs to
 * them and is rejected.
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
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from '../../model/errno.js';
import { isMissing } from './errno.js';
import { DIRECTORY_MODE, type Ownership } from './ownership.js';
import { StartupError } from './startup-error.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** The superuser, against whom no check helps. */
const ROOT_UID = 0;

/** The number of symlinks that Linux follows in one path (path_resolution(7)). */
const MAX_LINKS = 40;

/** An open root. */
export interface OpenRoot {
  readonly fd: number;
  /** A path of the descriptor's directory, which stays right when the directory is moved. */
  readonly base: string;
}

/**
 * Opens the directory, and creates it if it is missing. Throws a `StartupError` (`cache-untrusted`)
 * when it belongs to another user or others may write it, or the system's error.
 */
export function openRoot(path: string, own: Ownership): OpenRoot {
  makePath(path);
  checkSymlinks(path, own);
  // All symlinks in the path are ours or the superuser's; the resolved path contains none.
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
        '`--cache-dir` (`cache.directory`), or one that does not exist yet; if no other user could write ' +
        'into it, you can instead give it to this user with all files (`chown -R`)',
    );
  }
  // An empty one was made by `mkdir` under a wide umask: others have put nothing into it.
  if (isEmpty(base)) {
    fchmodSync(fd, DIRECTORY_MODE);
    // Checked again: another user may have created a file before the mode was narrowed.
    if (isEmpty(base)) return;
  }
  throw untrusted(
    path,
    `the cache directory ${path} is not to be trusted: ${fault}, so its files may come from another ` +
      `user; check that no such files are in it, then run \`chmod go-w ${path}\`, or name another ` +
      'directory with `--cache-dir` (`cache.directory`)',
  );
}

function isEmpty(path: string): boolean {
  return readdirSync(path).length === 0;
}

/**
 * Throws for a path with a symlink of another user, who could point it at any directory of ours.
 * Resolves the path as the kernel does: name by name, each from the real directory before it.
 */
function checkSymlinks(path: string, own: Ownership): void {
  let real = '/';
  let links = 0;
  const names = namesOf(resolve(path));
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const part = join(real, name);
    const stat = lstatSync(part);
    if (!stat.isSymbolicLink()) {
      real = part;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw Object.assign(new Error(`ELOOP: ${path}`), { code: 'ELOOP' });
    if (stat.uid !== own.uid && stat.uid !== ROOT_UID) {
      throw untrusted(
        path,
        `the cache directory ${path} is not to be trusted: ${part} is a symbolic link of user ` +
          `${String(stat.uid)}; name the directory that it should lead to`,
      );
    }
    const target = readlinkSync(part);
    if (isAbsolute(target)) real = '/';
    names.unshift(...namesOf(target));
  }
}

/** The names in a path, `..` included. */
function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Returns the path of the descriptor in /proc (Linux), or `path` where /proc is missing. */
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
 * Creates a directory and its missing parents. Node's `recursive` option does not help: it never
 * returns when mkdir(2) fails with ENOENT below an existing directory, as in /proc.
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

/** Creates one directory that only this user may enter; leaves an existing one as it is. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
