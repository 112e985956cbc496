/**
 * The addon's hit server as native/hit_server_binding.cc gives it; `HitServer` (compute/hit-server)
 * is its only user.
 */

/**
 * A hit server and its threads. Calls for unknown connections, targets and files do nothing. After
 * `close` everything throws EBADF.
 */
export interface NativeHitServer {
  /** Readable when there are notices or records to take: for `watchEventfd`. */
  readonly noticeFd: number;

  /**
   * Answers requests on a non-blocking socket, of which it uses a duplicate. Throws a system error.
   */
  watch(socketFd: number): number;

  /** Takes a connection back; false if it was handed over, or an answer was begun, before. */
  release(connection: number): boolean;

  /** Looks at the request of a waiting connection again. */
  resume(connection: number): void;

  /**
   * The unsent part of a begun answer, its record of 128 bytes, and the unsent bytes of its head.
   */
  takePartialHit(connection: number): { readonly record: Buffer; readonly head: Buffer } | null;

  /** A target, as in request lines, and the length of its representation. */
  define(target: string, token: number, lengthBytes: number): void;
  remove(token: number): void;

  /** Heads for `forMs` from now: text before and after the request's id, and the last lines. */
  grant(
    token: number,
    wholeBefore: string,
    wholeAfter: string,
    partBefore: string,
    partAfter: string,
    last: string,
    forMs: number,
  ): void;

  /**
   * A duplicate of `fd` has the bytes `begin <= i < end` of the representation from its beginning
   * on.
   */
  open(token: number, file: number, fd: number, begin: number, end: number, forMs: number): void;
  keep(token: number, file: number, forMs: number): void;
  /** The file is used for no further answers; a notice reports when it is closed. */
  revoke(token: number, file: number): void;

  /** Whether a request's Host field must have been admitted since; forgets those that were. */
  guardHosts(areGuarded: boolean): void;
  admitHost(field: string): void;

  /** Voids every grant and every open file until it is granted or kept again. */
  change(): void;

  /** The notices since the last call, oldest first, of five numbers each (core/hit_server.h). */
  take(): Float64Array;

  /** Copies the oldest records into `records`, as many as have room; returns their count. */
  takeRecords(records: Buffer): number;

  /** Ends the threads, and closes everything. */
  close(): void;
}
