/** Synchronous positional reads for worker threads, which may block. */
import { readSync } from 'node:fs';

/**
 * Reads `length` bytes at `position` into the beginning of `buffer`. Returns the bytes read; fewer
 * than `length` means that the file ends there. Throws the errors of `fs.readSync`.
 */
export function readFully(
  fd: number,
  buffer: Uint8Array,
  length: number,
  position: number,
): number {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
