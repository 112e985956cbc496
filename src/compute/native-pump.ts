/** The addon's pump as native/pump_binding.cc gives it; `Pump` (compute/pump) is its only user. */

/** How a transfer ended, by the numbers of native/core/pump_transfer.h; 0 is not at all. */
export type NativeEnd = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/**
 * A pump and its threads. Calls for an ended transfer do nothing; adding to one whose end `take`
 * has returned is a mistake. After `close` everything throws EBADF.
 */
export interface NativePump {
  /** Readable when `take` has something: for `watchEventfd`. */
  readonly noticeFd: number;
  /** The descriptor to wake when a watermark moves, from any thread. */
  readonly wakeFd: number;

  /**
   * Starts a transfer to a non-blocking socket, of which it uses a duplicate. Bytes written to the
   * socket before the first piece leave together with it (TCP_CORK).
   */
  begin(socketFd: number): number;

  /** Appends a copy of `bytes`. */
  addBytes(transfer: number, bytes: Uint8Array): void;

  /**
   * Appends `length` bytes at `offset` of a duplicate of `fd`. A `watermark` (the words of
   * compute/watermark, over shared memory) limits how far the file may be read; it is pinned until
   * the piece was sent.
   */
  addFile(
    transfer: number,
    fd: number,
    offset: number,
    length: number,
    watermark: BigInt64Array | null,
  ): void;

  /** Nothing more will be added. */
  finish(transfer: number): void;

  /** Ends a transfer. `cut`: first its connection, in both directions. */
  stop(transfer: number, cut: boolean): void;

  /**
   * Bytes that the client has acknowledged, pauses for lack of bytes, and what it waits for
   * (`PumpState` of native/core/pump_transfer.h). Empty if the transfer has ended.
   */
  probe(transfer: number): Float64Array;

  /**
   * The notices since the last call, oldest first, of five numbers each: transfer, pieces sent
   * whole, bytes that the kernel took, `NativeEnd`, errno.
   */
  take(): Float64Array;

  /** Ends threads and transfers. */
  close(): void;
}
