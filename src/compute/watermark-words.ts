/**
 * The shared words of a watermark, and the rules that both sides keep when they change them. Used
 * by watermark; the pump reads them natively.
 *
 * Layout of the shared state, nine native-endian signed 64-bit words at 8-byte alignment. C++
 * (native/core/pump_piece) uses `std::atomic_ref<int64_t>`; every access on either side is
 * sequentially consistent.
 *
 *   word 0  available  bytes that may be released, in the order that words 7 and 8 say; never falls
 *   word 1  received   bytes that the writer has, released or not; never falls
 *   word 2  state      0 growing, 1 complete, 2 failed; leaves 0 once
 *   word 3  control    0 go on, 1 cancel; set by the main thread, read by the writer
 *   word 4  listeners  bit n: somebody has waited who is woken by the writer's n-th descriptor, and
 *                      is woken from then on. Set before available and state are looked at; read
 *                      after they are changed. A wake that nobody waits for costs two threads.
 *   word 5  phase      what the writer does: an index of `FETCH_PHASES`; shown, never waited for
 *   word 6  active     monotonic ms of the writer's last byte or change of phase; 0 before any
 *   word 7  start      where in the file writing begins (model/write-order); set before sharing
 *   word 8  length     where it goes round to the beginning, if `start` is not 0; set before, too
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

/** Bytes of one watermark's shared state. */
export const WATERMARK_BYTES = WORDS * BigInt64Array.BYTES_PER_ELEMENT;

const GROWING = 0n;
export const COMPLETE = 1n;
export const FAILED = 2n;

type Ended = typeof COMPLETE | typeof FAILED;

const CANCEL = 1n;

/** The main thread is woken by the writer's first descriptor, the pump by its second. */
const MAIN_THREAD = 1n;

/** The words' values by phase, so that none is made on the way. */
const PHASE_CODES = Object.fromEntries(
  FETCH_PHASES.map((phase, code) => [phase, BigInt(code)]),
) as Readonly<Record<FetchPhase, bigint>>;

/** The shared words, and the two rules that both sides keep when they change them. */
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

  /** To be set once, before the words are shared. */
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

  /** Raises a count to `total`; false, and nothing happens, when it is there or the end came. */
  raise(word: typeof AVAILABLE | typeof RECEIVED, total: number): boolean {
    if (!Number.isSafeInteger(total) || total < 0) {
      throw new RangeError(`not a number of bytes: ${String(total)}`);
    }
    const wanted = BigInt(total);
    // A loop, because the main thread may raise what a worker is raising: the greater one stays. A
    // raise between another thread's end and its own exchange still lands. That is harmless: the
    // bytes are there, and a thread that completes has raised before, in its own order.
    for (;;) {
      const current = Atomics.load(this.#words, word);
      if (wanted <= current || Atomics.load(this.#words, STATE) !== GROWING) return false;
      if (Atomics.compareExchange(this.#words, word, current, wanted) === current) return true;
    }
  }

  /** Leaves `growing`; false when that happened before. */
  end(state: Ended): boolean {
    return Atomics.compareExchange(this.#words, STATE, GROWING, state) === GROWING;
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, CONTROL) !== 0n;
  }

  cancel(): void {
    Atomics.store(this.#words, CONTROL, CANCEL);
  }

  /** Wake the main thread from now on. */
  listen(): void {
    Atomics.or(this.#words, LISTENERS, MAIN_THREAD);
  }

  /** Whether the writer's `index`-th descriptor must be woken. */
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
