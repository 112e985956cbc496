/**
 * The type of the addon's hit server (native/hit_server_binding.cc). Used by `HitServer`
 * (compute/hit-server) alone.
 */

/**
 * A hit server and its threads. Calls for a connection, target or file that is gone do nothing.
 * After `close` every call throws EBADF.
 */
export interface NativeHitServer {
  /** A descriptor for `watchEventfd`, readable when there are notices or records to take. */
  readonly noticeFd: number;

  /**
   * Answers requests on a non-blocking socket; duplicates its descriptor. Returns the connection's
   * number. Throws a system error.
   */
  watch(socketFd: number): number;

  /** Takes a connection back; returns false when it was handed over or an answer has started. */
  release(connection: number): boolean;

  /** Processes the waiting request of a connection again, after an `asks` or `cold` notice. */
  resume(connection: number): void;

  /**
   * Returns the record, of 128 bytes, of an answer that was sent in part, and the unsent rest of
   * its head; `null` when there is none.
   */
  takePartialHit(connection: number): { readonly record: Buffer; readonly head: Buffer } | null;

  /** Defines a target, spelled as in request lines, and the length of its representation. */
  define(target: string, token: number, lengthBytes: number): void;
  remove(token: number): void;

  /** Grants heads for `forMs`: text before and after the request's id, and the last lines. */
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
   * Grants a file for `forMs`: `fd`, of which it takes a duplicate, contains the bytes
   * `begin <= i < end` of the representation from its offset 0 on.
   */
  open(token: number, file: number, fd: number, begin: number, end: number, forMs: number): void;
  /** Extends the grant of an open file. */
  keep(token: number, file: number, forMs: number): void;
  /** Ends the use of a file for new answers; a notice reports when it is closed. */
  revoke(token: number, file: number): void;

  /** Sets whether a request needs an admitted Host field; forgets those admitted before. */
  guardHosts(areGuarded: boolean): void;
  admitHost(field: string): void;

  /** Invalidates everything granted or opened, until it is granted or kept anew. */
  change(): void;

  /** Returns the notices since the last call, oldest first, of five numbers each (hit_outbox.h). */
  take(): Float64Array;

  /** Moves the oldest records into `records`, as many as fit; returns their count. */
  takeRecords(records: Buffer): number;

  /** Ends the threads and closes all descriptors. */
  close(): void;
}
