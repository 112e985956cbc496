/**
 * The order of questions (model/sequence), so that it outlives a restart: a file in the cache
 * directory holds a number below which all may have been given. Opened by assemble.
 */
import { closeSync, constants, openSync, renameSync, writeSync } from 'node:fs';
import type { Sequence } from '../../model/sequence.js';
import { Ownership } from './ownership.js';

const FILE_MODE = 0o600;

/** Numbers given between two writes of the file: one write in hours of the busiest hub. */
export const BLOCK = 1_000_000;

/**
 * Numbers begin no lower than this times ms since the epoch: where the file is lost, they go on
 * by the clock, and far below 2^53 for the next two centuries.
 */
const PER_MS = 1000;

/**
 * Opens the sequence in `path`, or begins one. Never throws: where the file cannot be written, a
 * restart goes on by `nowMs`, the time in ms since the epoch.
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

/** 0 if there is no file, if it is not Forebay's own, or holds no number. */
function readBound(path: string, own: Ownership): number {
  try {
    const text = own.readSync(path).toString('latin1');
    return /^\d{1,16}\n$/.test(text) ? Number(text) : 0;
  } catch {
    return 0;
  }
}

/** In place at once and whole, whenever the process ends. */
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
    // Such a disk does not store later decisions either.
  }
}
