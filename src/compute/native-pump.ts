/**
 * The type of the addon's pump (native/pump_binding.cc). Used by compute/pump and compute/transfer
 * alone.
 */

/** How a transfer ended, by the numbers of native/core/pump_transfer.h; 0: it has not ended. */
export type NativeEnd = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/**
 * A pump and its threads. Calls for a transfer that has ended do nothing, but nothing may be added
 * to it after `take` has returned its end. After `close` every call throws EBADF.
 */
export interface NativePump {
  /** A descriptor for `watchEventfd`, readable when `take` has notices. */
  readonly noticeFd: number;
  /** The descriptor that a thread wakes after it has moved a watermark. */
  readonly wakeFd: number;

  /**
   * Starts a transfer to a non-blocking socket; duplicates its descriptor. Returns the transfer's
   * number. Bytes written to the socket before the first piece leave together with it (TCP_CORK).
   */
  begin(socketFd: number): number;

  /** Appends a copy of `bytes`. */
  addBytes(transfer: number, bytes: Uint8Array): void;

  /**
   * Appends `length` bytes at `offset` of a duplicate of `fd`. A `watermark` (the words of
   * compute/watermark-words, in shared memory) limits how far the file may be read; its memory is
   * kept alive until the piece is sent.
   */
  addFile(
    transfer: number,
    fd: number,
    offset: number,
    length: number,
    watermark: BigInt64Array | null,
  ): void;

  /** Marks the transfer as complete: no more pieces follow. */
  finish(transfer: number): void;

  /** Ends a transfer. `cut`: first shuts its connection down in both directions. */
  stop(transfer: number, cut: boolean): void;

  /**
   * Returns five numbers: bytes that the client has acknowledged, how often there was nothing to
   * send, the `PumpState` of native/core/pump_transfer.h, bytes that the kernel accepted, and ms
   * since it last accepted one. Empty when the transfer has ended.
   */
  probe(transfer: number): Float64Array;

  /**
   * Returns the notices since the last call, oldest first, of five numbers each: transfer, pieces
   * sent completely, bytes that the kernel accepted, `NativeEnd`, errno.
   */
  take(): Float64Array;

  /** Ends all threads and transfers. */
  close(): void;
}
