/**
 * Divides the limit of open files: how many are for clients, and how many idle chunk files may stay
 * open. A low limit overrides the configuration. Used by assemble and the doctor. Pure but for
 * `descriptorLimit`.
 */
import { readFileSync } from 'node:fs';

/**
 * The program itself: threads, eventfds, logs, libraries, listeners, and some to open files with.
 */
const OWN_DESCRIPTORS = 64;

/**
 * A connection to an origin and the chunk that it fills, for the lanes that an origin begins with.
 */
const FILL_DESCRIPTORS = 2 * 8;

/**
 * A client, for most of them wait or get small bodies: its connection, and a chunk or a duplicate.
 */
const CLIENT_DESCRIPTORS = 2;

/** Part of the rest that idle chunk files may take. */
const IDLE_SHARE = 8;

/** With fewer clients there is no service: the system itself refuses the excess then. */
const MIN_CLIENTS = 8;

/** The limit of open files of this process, perhaps Infinity; `null` if it is unknown. */
export function descriptorLimit(read: (path: string) => string | null = readProc): number | null {
  const line = /^Max open files +(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (line === undefined) return null;
  return line === 'unlimited' ? Infinity : Number(line);
}

/** What a limit leaves. */
export interface DescriptorShares {
  /** Client connections that can be served at once. */
  readonly clients: number;
  /** Unused chunk files that may stay open. */
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
