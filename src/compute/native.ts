/**
 * Typed facade of the native addon, build/Release/forebay.node: BLAKE3 ids, wake descriptors, the
 * pump, the hit server, and system calls that Node lacks. The only file that loads the addon; every
 * thread loads its own instance.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { SystemCalls } from '../model/store.js';
import { AddonError } from './addon-error.js';
import type { NativeHitServer } from './native-hit-server.js';
import type { NativePump } from './native-pump.js';

/** The instruction sets that the addon's BLAKE3 chooses from at run time. */
export type Simd = 'avx512' | 'avx2' | 'sse41' | 'sse2' | 'neon' | 'portable';

/** A watched wake descriptor. */
export interface WakeWatcher {
  /** Stops the callbacks. It may be called again, and from inside the callback. */
  close(): void;
}

/**
 * The functions that native/addon.cc registers, all synchronous. They throw a TypeError or
 * RangeError for invalid arguments, without any effect. For a failed system call they throw an
 * error like those of Node's fs, with `code` ('ENOSPC'), `errno` and `syscall`.
 */
export interface Native extends SystemCalls {
  /**
   * Computes the id of one group: the BLAKE3 chaining value of its subtree (BLAKE3 paper, section
   * 2.1; its first leaf is number `groupIndex` * 1024), or the root when it is the whole object.
   *
   * @param bytes 1 byte to 1 MiB; 1 MiB unless it is the object's last group.
   * @param groupIndex offset of the group in the object / 1 MiB.
   * @param wholeObject true when the object is this group alone; then `groupIndex` is 0.
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
   * @param wholeObject true when the object is this chunk alone: the result is the root. A single
   *   id is returned unchanged, and must have been computed with the same `wholeObject`.
   */
  chunkId(groupIds: Uint8Array, wholeObject: boolean): Uint8Array;

  /**
   * Merges the ids of all chunks (or all groups) of an object into its root (32 bytes), which
   * `b3sum` prints. A single id is returned unchanged: the id of an only chunk is the root.
   *
   * @param chunkIds one or more ids of 32 bytes, in order.
   */
  rootId(chunkIds: Uint8Array): Uint8Array;

  /** Returns the root of an empty object, which has no chunks. */
  rootOfEmpty(): Uint8Array;

  /** Returns the instruction set that BLAKE3 uses on this machine. */
  simd(): Simd;

  /**
   * Opens a wake descriptor: an eventfd on Linux, a socket connected to itself elsewhere. Every
   * thread of the process may write to it by number. The caller closes it (`fs.closeSync`) after
   * the last thread that may `wake` it has ended: otherwise a reused number would receive the
   * writes.
   */
  createEventfd(): number;

  /** Makes a wake descriptor readable. Never blocks; several wakes may be seen as one. */
  wake(fd: number): void;

  /**
   * Calls `callback` on this thread after a wake (once for several), then runs microtasks. An error
   * that it throws is an uncaught exception. Watches a duplicate of `fd` until `close` or the
   * thread's end, and does not keep the thread alive.
   */
  watchEventfd(fd: number, callback: () => void): WakeWatcher;

  /**
   * Copies the first `lengthBytes` of an open file into a memory file, which replaces the file
   * under its descriptor number atomically. Threads that read or write by number at explicit
   * positions are not disturbed. On failure the descriptor is unchanged. Throws EIO when the file
   * is shorter than `lengthBytes`, ENOSYS on a system without memory files (macOS).
   *
   * @param fd a descriptor open for reading and writing.
   * @param emptiesFile true truncates the old file to 0 bytes, so that readers of its duplicated
   *   descriptors meet its end and not holes.
   */
  moveToMemfd(fd: number, lengthBytes: number, emptiesFile?: boolean): void;

  /**
   * Writes all of `bytes` at file position `offset`, in pieces that cost the page cache least
   * (native/core/files.cc). Throws a system error, after an unknown part was written.
   */
  writeAll(fd: number, bytes: Uint8Array, offset: number): void;

  /**
   * Sends `text` as one datagram to a service manager's socket (sd_notify(3)). `path` is that of a
   * socket file, or of an abstract socket with `@` as its first byte. Waits at most a second while
   * the socket's queue is full.
   */
  notifySystemd(path: string, text: string): void;

  /**
   * Reads from the page cache alone at `offset` into `bytes`. Returns the count; 0 at the file's
   * end; -1 when the first byte is not cached, or the platform cannot tell.
   */
  readCached(fd: number, bytes: Uint8Array, offset: number): number;

  /**
   * Sends `head` (latin1) and then `length` bytes at `offset` of `fd` to a non-blocking stream
   * socket, as far as it has room, and returns the bytes sent of both. Returns 0 also when the
   * bytes are not in the page cache or a call fails, and always except on Linux. It never waits,
   * and throws only for invalid arguments.
   */
  trySendNow(socket: number, head: string, fd: number, offset: number, length: number): number;

  /**
   * Starts a hit server of `threads` threads (1 to 64) for bodies up to `maxBytes`. Throws ENOSYS
   * except on Linux.
   */
  createHitServer(threads: number, maxBytes: number): NativeHitServer;

  /** Starts a pump of `threads` threads (1 to 64). Throws ENOSYS except on Linux. */
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

/** This thread's instance of the addon. */
export const native: Native = Object.freeze(loadAddon());

/** The part of the addon that the store uses. */
export const systemCalls: SystemCalls = native;
