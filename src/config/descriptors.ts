/**
 * Divides the limit of open files between client connections and idle chunk files. A configured
 * maximum above such a share is lowered to it. Used by assemble and the doctor. Pure, except for
 * `descriptorLimit`.
 */
import { readFileSync } from 'node:fs';

/** Descriptors of the program itself: threads, eventfds, logs, libraries, listeners, short uses. */
const OWN_DESCRIPTORS = 64;

/** A connection and the chunk that it fills, for each of the 8 lanes that an origin starts with. */
const FILL_DESCRIPTORS = 2 * 8;

/**
 * Descriptors of an average client: its connection, and a chunk file or a duplicated descriptor.
 */
const CLIENT_DESCRIPTORS = 2;

/** Idle chunk files get one in this many of the remaining descriptors. */
const IDLE_SHARE = 8;

/** The number of clients is never limited below this; the system then rejects what is too much. */
const MIN_CLIENTS = 8;

/** Returns this process's limit of open files, perhaps Infinity; `null` when /proc is missing. */
export function descriptorLimit(read: (path: string) => string | null = readProc): number | null {
  const line = /^Max open files +(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (line === undefined) return null;
  return line === 'unlimited' ? Infinity : Number(line);
}

/** The shares of a limit of open files. */
export interface DescriptorShares {
  /** Client connections that can be served at once. */
  readonly clients: number;
  /** Chunk files that may stay open without readers. */
  readonly idleFiles: number;
}

export function descriptorShares(limit: number | null): DescriptorShares {
  const left = Math.max(0, (limit ?? Infinity) - OWN_DESCRIPTORS - FILL_DESCRIPTORS);
  const idleFiles = Math.floor(left / IDLE_SHARE);
  const clients = Math.floor((left * (1 - 1 / IDLE_SHARE)) / CLIENT_DESCRIPTORS);
  return { clients: Math.max(MIN_CLIENTS, clients), idleFiles };
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
