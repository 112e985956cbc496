/**
 * The shared words of a watermark, and the rules for changing them on both sides. Used by
 * compute/watermark; the pump reads the words in C++.
 *
 * Layout of the shared state, nine native-endian signed 64-bit words at 8-byte alignment. C++
 * (native/core/pump_piece) uses `std::atomic_ref<int64_t>`; every access on either side is
 * sequentially consistent.
 *
 *   word 0  available  bytes that readers may get, in the order of words 7 and 8; never falls
 *   word 1  received   bytes that the writer has, available or not; never falls
 *   word 2  state      0 growing, 1 complete, 2 failed; leaves 0 once
 *   word 3  control    0 continue, 1 cancel; set by the main thread, read by the writer
 *   word 4  listeners  bit n: the writer must wake its n-th descriptor. A reader sets its bit
 *                      before it reads available and state, and never clears it; the writer reads
 *                      it after it has changed them. A needless wake would cost both threads time.
 *   word 5  phase      the writer's phase, an index of `FETCH_PHASES`; for display alone
 *   word 6  active     monotonic ms of the writer's last byte or change of phase; 0 before any
 *   word 7  start      the offset at which writing begins (model/write-order); set before sharing
 *   word 8  length     the offset at which writing wraps to 0, if `start` is not 0; set before, too
 */
import type { WatermarkState } from '../model/segment.js';
import { FETCH_PHASES, type FetchPhase } from '../model/transfer.js';
import { FORWARD, type WriteOrder } from '../model/write-order.js';

export const AVAILABLE = 0;
export const RECEIVED = 1;
const STATE = 2;
const CONTROL = 3;
const LISTENERS = 4;
const PHASE = 5;
const ACTIVE = 6;
const START = 7;
const LENGTH = 8;
const WORDS = 9;

/** The length of a watermark's shared state. */
export const WATERMARK_BYTES = WORDS * BigInt64Array.BYTES_PER_ELEMENT;

const GROWING = 0n;
export const COMPLETE = 1n;
export const FAILED = 2n;

type Ended = typeof COMPLETE | typeof FAILED;

const CANCEL = 1n;

/** The main thread's bit: the writer's first descriptor wakes it; the second wakes the pump. */
const MAIN_THREAD = 1n;

/** The values of `phase`, computed once so that a change of phase allocates nothing. */
const PHASE_CODES = Object.fromEntries(
  FETCH_PHASES.map((phase, code) => [phase, BigInt(code)]),
) as Readonly<Record<FetchPhase, bigint>>;

/** Access to the shared words. Counts only rise, and the state changes once. */
export class WatermarkWords {
  readonly #words: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    if (shared.byteLength !== WATERMARK_BYTES) {
      throw new RangeError(`a watermark has ${String(WATERMARK_BYTES)} bytes of shared state`);
    }
    this.#words = new BigInt64Array(shared);
  }

  get order(): WriteOrder {
    const start = Number(Atomics.load(this.#words, START));
    if (start === 0) return FORWARD;
    return { start, lengthBytes: Number(Atomics.load(this.#words, LENGTH)) };
  }

  /** Set it once, before the words are shared. */
  set order({ start, lengthBytes }: WriteOrder) {
    Atomics.store(this.#words, START, BigInt(start));
    Atomics.store(this.#words, LENGTH, BigInt(lengthBytes));
  }

  bytes(word: typeof AVAILABLE | typeof RECEIVED): number {
    return Number(Atomics.load(this.#words, word));
  }

  get state(): WatermarkState {
    switch (Atomics.load(this.#words, STATE)) {
      case GROWING:
        return 'growing';
      case COMPLETE:
        return 'complete';
      default:
        return 'failed';
    }
  }

  /**
   * Raises a count to `total`; returns false without effect when it is no lower, or after the end.
   */
  raise(word: typeof AVAILABLE | typeof RECEIVED, total: number): boolean {
    if (!Number.isSafeInteger(total) || total < 0) {
      throw new RangeError(`not a number of bytes: ${String(total)}`);
    }
    const target = BigInt(total);
    // Loops, because the main thread and a worker may raise the same count: the greater value
    // stays. If another thread ends the watermark between the check and the exchange, the raise
    // still takes effect. That is harmless: the bytes exist, and a thread that completes has raised
    // its own count before.
    for (;;) {
      const current = Atomics.load(this.#words, word);
      if (target <= current || Atomics.load(this.#words, STATE) !== GROWING) return false;
      if (Atomics.compareExchange(this.#words, word, current, target) === current) return true;
    }
  }

  /** Changes the state from `growing`; returns false when another call did so before. */
  end(state: Ended): boolean {
    return Atomics.compareExchange(this.#words, STATE, GROWING, state) === GROWING;
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, CONTROL) !== 0n;
  }

  cancel(): void {
    Atomics.store(this.#words, CONTROL, CANCEL);
  }

  /** Sets the main thread's bit, so that the writer wakes it. */
  listen(): void {
    Atomics.or(this.#words, LISTENERS, MAIN_THREAD);
  }

  /** True when the writer must wake its `index`-th descriptor. */
  listens(index: number): boolean {
    return (Number(Atomics.load(this.#words, LISTENERS)) & (1 << index)) !== 0;
  }

  get phase(): FetchPhase {
    return FETCH_PHASES[Number(Atomics.load(this.#words, PHASE))] ?? 'queued';
  }

  set phase(phase: FetchPhase) {
    Atomics.store(this.#words, PHASE, PHASE_CODES[phase]);
  }

  get activeAtMs(): number {
    return Number(Atomics.load(this.#words, ACTIVE));
  }

  set activeAtMs(ms: number) {
    Atomics.store(this.#words, ACTIVE, BigInt(Math.trunc(ms)));
  }
}
