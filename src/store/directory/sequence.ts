/**
 * Numbers requests to origins in order (model/sequence), also across restarts: a file in the cache
 * directory has a bound that no number given so far exceeds. store/open-store opens it.
 */
import { closeSync, constants, openSync, renameSync, writeSync } from 'node:fs';
import type { Sequence } from '../../model/sequence.js';
import { Ownership } from './ownership.js';

const FILE_MODE = 0o600;

/** Numbers given between two writes of the file. The busiest hub takes hours for as many. */
export const BLOCK = 1_000_000;

/**
 * Numbers begin at this many per ms since the epoch, or higher. If the file is lost, the clock thus
 * keeps them growing. They stay below 2^53 for the next two centuries.
 */
const PER_MS = 1000;

/**
 * Opens the sequence in `path`, or begins one. `nowMs` is the time in ms since the epoch. Never
 * throws: if the file cannot be written, the next start continues by its clock alone.
 */
export function openSequence(path: string, nowMs: number, own = new Ownership()): Sequence {
  let last = Math.max(readBound(path, own), Math.floor(nowMs) * PER_MS);
  let bound = last + BLOCK;
  writeBound(path, bound);
  return {
    next: () => {
      last += 1;
      if (last >= bound) {
        bound = last + BLOCK;
        writeBound(path, bound);
      }
      return last;
    },
  };
}

/** Returns the bound; 0 if there is no file, or it is not ours or has no number. */
function readBound(path: string, own: Ownership): number {
  try {
    const text = own.readSync(path).toString('latin1');
    return /^\d{1,16}\n$/.test(text) ? Number(text) : 0;
  } catch {
    return 0;
  }
}

/** Replaces the file by rename, so that a kill never leaves a partial one. */
function writeBound(path: string, bound: number): void {
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const draft = `${path}.new`;
  try {
    const fd = openSync(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
    try {
      writeSync(fd, `${String(bound)}\n`);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  } catch {
    // Such a disk does not keep the records that depend on the numbers either.
  }
}
