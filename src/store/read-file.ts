/** Reads a small file of the cache directory whole, at start: never through a symlink. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';

/** The file's bytes. Throws what open(2) or read(2) said; ELOOP when the path is a symlink. */
export function readFileNoFollow(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
