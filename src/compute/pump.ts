/**
 * The pump: threads that send bodies from the page cache to sockets by sendfile(2), fed and heard
 * from the main thread. One per program; send/sendfile-sender gives it transfers, assemble closes
 * it.
 */
import { native, type WakeWatcher } from './native.js';
import type { NativeEnd, NativePump } from './native-pump.js';
import { type PieceOwner, Transfer } from './transfer.js';

/**
 * Two, so that a long sendfile(2) holds up no other client; none waits for a disk. More gain
 * nothing on small machines; on large ones two saturate 40 Gbit/s and more.
 */
export const PUMP_THREADS = 2;

/** Numbers of one notice. */
const NOTICE_NUMBERS = 5;

/** `NativeEnd` of a stopped transfer. */
const STOPPED = 6;

/** Owns the native pump and hands its notices to the transfers. */
export class Pump {
  /** What wakes it when a watermark has moved: for workers and for `WatermarkRegistry`. */
  readonly wakeFd: number;
  readonly #native: NativePump;
  readonly #watcher: WakeWatcher;
  readonly #transfers = new Map<number, Pick<Transfer, 'advanced' | 'over'>>();

  /** Starts its threads. Throws a system error if it cannot, ENOSYS on other systems than Linux. */
  constructor(threads = PUMP_THREADS) {
    this.#native = native.createPump(threads);
    this.wakeFd = this.#native.wakeFd;
    this.#watcher = native.watchEventfd(this.#native.noticeFd, () => {
      this.#hear();
    });
  }

  /** Transfers that have not ended. */
  get running(): number {
    return this.#transfers.size;
  }

  /**
   * Starts a transfer to a socket. Bytes written to the socket before the first piece leave with
   * it. Throws a system error.
   */
  begin<Owner extends PieceOwner>(socketFd: number): Transfer<Owner> {
    const id = this.#native.begin(socketFd);
    const transfer = new Transfer<Owner>(this.#native, id);
    this.#transfers.set(id, transfer);
    return transfer;
  }

  /**
   * Ends the threads, and every transfer as `stopped`, its connection cut. Only after the last
   * thread that has `wakeFd` has ended, as the number may come to name another file.
   */
  close(): void {
    this.#watcher.close();
    this.#native.close();
    const transfers = [...this.#transfers.values()];
    this.#transfers.clear();
    for (const transfer of transfers) transfer.over(STOPPED, 0);
  }

  #hear(): void {
    const numbers = this.#native.take();
    for (let at = 0; at < numbers.length; at += NOTICE_NUMBERS) {
      const [id = 0, finishedPieces = 0, bytesSent = 0, end = 0, errno = 0] = numbers.subarray(
        at,
        at + NOTICE_NUMBERS,
      );
      const transfer = this.#transfers.get(id);
      transfer?.advanced(finishedPieces, bytesSent);
      if (end === 0) continue;
      this.#transfers.delete(id);
      transfer?.over(end as Exclude<NativeEnd, 0>, errno);
    }
  }
}
