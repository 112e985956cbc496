/**
 * The pump: threads that send bodies from the page cache to sockets by sendfile(2), controlled by
 * the main thread. There is one per program; send/sendfile-sender starts transfers, and assemble
 * closes it.
 */
import { native, type WakeWatcher } from './native.js';
import type { NativeEnd, NativePump } from './native-pump.js';
import { type PieceOwner, Transfer } from './transfer.js';

/**
 * Two, so that a long sendfile(2) does not delay all other clients; these threads never wait for a
 * disk. More are useless on small machines, and on large ones two saturate 40 Gbit/s and more.
 */
export const PUMP_THREADS = 2;

/** Numbers of one notice. */
const NOTICE_NUMBERS = 5;

/** The `NativeEnd` of a stopped transfer. */
const STOPPED = 6;

/** Owns the native pump and passes its notices to the transfers. */
export class Pump {
  /** Wakes the pump after a watermark has moved; for workers and `WatermarkRegistry`. */
  readonly wakeFd: number;
  readonly #native: NativePump;
  readonly #watcher: WakeWatcher;
  readonly #transfers = new Map<number, Pick<Transfer, 'advanced' | 'over'>>();

  /** Starts the threads. Throws a system error, ENOSYS except on Linux. */
  constructor(threads = PUMP_THREADS) {
    this.#native = native.createPump(threads);
    this.wakeFd = this.#native.wakeFd;
    this.#watcher = native.watchEventfd(this.#native.noticeFd, () => {
      this.#hear();
    });
  }

  /** The number of transfers that have not ended. */
  get running(): number {
    return this.#transfers.size;
  }

  /**
   * Starts a transfer to a socket. Bytes written to the socket before the first piece leave
   * together with it. Throws a system error.
   */
  begin<Owner extends PieceOwner>(socketFd: number): Transfer<Owner> {
    const id = this.#native.begin(socketFd);
    const transfer = new Transfer<Owner>(this.#native, id);
    this.#transfers.set(id, transfer);
    return transfer;
  }

  /**
   * Ends the threads, and every transfer as `stopped` with its connection closed. Call it after the
   * last thread that has `wakeFd` has ended, because the number may be reused for another file.
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
