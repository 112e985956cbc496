/**
 * Typed facade over the native addon, build/Release/forebay.node: BLAKE3 ids, wake descriptors, the
 * pump, and the system calls that Node lacks. The only file that loads the addon; every thread
 * loads its own.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { SystemCalls } from '../model/store.js';
import { AddonError } from './addon-error.js';
import type { NativeHitServer } from './native-hit-server.js';
import type { NativePump } from './native-pump.js';

/** BLAKE3 instruction sets, by the addon's names for its choice at run time. */
export type Simd = 'avx512' | 'avx2' | 'sse41' | 'sse2' | 'neon' | 'portable';

/** A watched wake descriptor. */
export interface WakeWatcher {
  /** No callback begins after this. Harmless when called again, or from inside the callback. */
  close(): void;
}

/**
 * What native/addon.cc registers. All of it is synchronous. Arguments that are not as described
 * throw TypeError or RangeError, and nothing is changed then; system calls that fail throw errors
 * like those of Node's fs, with `code` ('ENOSPC'), `errno` and `syscall`.
 */
export interface Native extends SystemCalls {
  /**
   * Computes the id of one group: the BLAKE3 chaining value of its subtree (BLAKE3 paper, section
   * 2.1; its first leaf is number `groupIndex` * 1024), or the root where it is the whole object.
   *
   * @param bytes 1 byte to 1 MiB; 1 MiB unless it is the object's last group.
   * @param groupIndex offset of the group in the object / 1 MiB.
   * @param wholeObject the object is this group alone; `groupIndex` is 0.
   * @param out receives 32 bytes at `outOffset`. It may share memory with `bytes`.
   */
  groupId(
    bytes: Uint8Array,
    groupIndex: number,
    wholeObject: boolean,
    out: Uint8Array,
    outOffset: number,
  ): void;

  /**
   * Merges the ids of a chunk's groups into the chunk's id (32 bytes), as BLAKE3's tree does.
   *
   * @param groupIds 1 to 64 ids of 32 bytes, in order.
   * @param wholeObject the object is this chunk alone: the result is the root. A single group's id
   *   is returned as it is, so it must have been computed with the same `wholeObject`.
   */
  chunkId(groupIds: Uint8Array, wholeObject: boolean): Uint8Array;

  /**
   * Merges the ids of all chunks of an object (or of all its groups) into its root (32 bytes),
   * which is what `b3sum` prints. One id is returned as it is: that of an only chunk is the root.
   *
   * @param chunkIds one or more ids of 32 bytes, in order.
   */
  rootId(chunkIds: Uint8Array): Uint8Array;

  /** The root of an object of no bytes, which has no chunk to take it from. */
  rootOfEmpty(): Uint8Array;

  /** The instruction set that BLAKE3 runs on here. */
  simd(): Simd;

  /**
   * Opens a wake descriptor: an eventfd on Linux, a socket connected to itself elsewhere. Every
   * thread of the process may write to it by number. The caller closes it (`fs.closeSync`), after
   * the last thread that may `wake` it has ended: a number that is reused would take the writes.
   */
  createEventfd(): number;

  /** Makes a wake descriptor readable. Never blocks; many wakes may be seen as one. */
  wake(fd: number): void;

  /**
   * Calls `callback` on this thread after every wake (several wakes may be one call), and runs
   * microtasks after it; an exception in it is uncaught. Watches a duplicate of `fd`, until `close`
   * or the thread's end, and does not keep the thread alive.
   */
  watchEventfd(fd: number, callback: () => void): WakeWatcher;

  /**
   * Copies the first `lengthBytes` of an open file into a memory file that takes over the
   * descriptor's number in one step, so that all threads that read or write by number, at explicit
   * positions, go on seamlessly. On failure the descriptor is what it was.
   *
   * @param fd open for reading and writing. Throws EIO when it is shorter than `lengthBytes`,
   *   ENOSYS where there are no memory files (macOS).
   * @param emptiesFile the file that is left is cut to nothing: duplicates of its descriptor
   *   meet its end and not the holes in it.
   */
  moveToMemfd(fd: number, lengthBytes: number, emptiesFile?: boolean): void;

  /**
   * Writes all of `bytes` at file position `offset`, in pieces that the page cache takes at the
   * least cost (native/core/files.cc). Throws a system error, after which an unknown part was
   * written.
   */
  writeAll(fd: number, bytes: Uint8Array, offset: number): void;

  /**
   * Sends `text` as one datagram to a service manager's socket (sd_notify(3)): `path` is a file's,
   * or an abstract socket's with `@` for its first byte. Waits at most a second for a full queue.
   */
  notifySystemd(path: string, text: string): void;

  /**
   * Reads the bytes that the page cache has of the file at `offset` into `bytes`: returns their
   * count, 0 at the file's end, -1 if the first byte is not cached (or the platform cannot tell).
   */
  readCached(fd: number, bytes: Uint8Array, offset: number): number;

  /**
   * Sends `head` (latin1) and then `length` bytes at `offset` of `fd` to a non-blocking stream
   * socket, as far as it has room, and returns the bytes that it took of both. 0 also where bytes
   * are not in the page cache, or anything fails: it never waits and throws for its arguments
   * alone. Always 0 off Linux.
   */
  trySendNow(socket: number, head: string, fd: number, offset: number, length: number): number;

  /**
   * Starts a hit server of `threads` threads (1 to 64) for bodies up to `maxBytes`. Throws ENOSYS
   * anywhere but on Linux.
   */
  createHitServer(threads: number, maxBytes: number): NativeHitServer;

  /** Starts a pump of `threads` threads (1 to 64). Throws ENOSYS anywhere but on Linux. */
  createPump(threads: number): NativePump;
}

const ADDON_URL = new URL('../../build/Release/forebay.node', import.meta.url);

function loadAddon(): Native {
  const path = fileURLToPath(ADDON_URL);
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new AddonError(path, cause);
  }
}

/** The addon, as this thread loaded it. */
export const native: Native = Object.freeze(loadAddon());

/** The part of the addon that the store uses. */
export const systemCalls: SystemCalls = native;
