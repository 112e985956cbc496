/**
 * Watermarks in shared memory, which limit how far a growing file may be read. A worker advances
 * one while it writes (`WatermarkWriter`), and the main thread passes it to senders
 * (`SharedWatermark`). One eventfd for all of them wakes the main thread after a change
 * (`WatermarkRegistry`). The layout of the shared state is in compute/watermark-words.
 */
import { closeSync } from 'node:fs';
import type { Watermark, WatermarkState } from '../model/segment.js';
import { type Clock, systemClock } from '../model/time.js';
import type { FetchPhase } from '../model/transfer.js';
import { FORWARD, type WriteOrder, writtenTo } from '../model/write-order.js';
import type { ChunkOffset } from '../model/offset.js';
import { native, type WakeWatcher } from './native.js';
import {
  AVAILABLE,
  COMPLETE,
  FAILED,
  RECEIVED,
  WATERMARK_BYTES,
  WatermarkWords,
} from './watermark-words.js';

interface Waiter {
  readonly at: ChunkOffset;
  readonly resolve: () => void;
}

/** The state that a `WatermarkRegistry` shares with its watermarks. */
interface WaitRegistry {
  closed: boolean;
  /** Descriptors of readers in C++, which are woken when this thread moves a watermark. */
  readonly followerFds: readonly number[];
  /** The watermarks with waiters; a wake checks only these. */
  readonly waiting: Set<SharedWatermark>;
}

/**
 * The main thread's side of one watermark, created by `WatermarkRegistry.create`. To read both
 * `state` and `available`, read `state` first: after `complete`, `available` is final.
 */
export class SharedWatermark implements Watermark {
  /** The shared state, for the writing worker's task (`ChunkSlot.watermark`). */
  readonly shared = new SharedArrayBuffer(WATERMARK_BYTES);
  /** The order in which the file is written. */
  readonly order: WriteOrder;
  readonly #words = new WatermarkWords(this.shared);
  readonly #registry: WaitRegistry;
  #waiters: Waiter[] = [];

  constructor(registry: WaitRegistry, order: WriteOrder) {
    this.#registry = registry;
    this.order = order;
    this.#words.order = order;
  }

  /** Bytes that readers may get, in the order of writing. */
  get available(): number {
    return this.#words.bytes(AVAILABLE);
  }

  readableTo(at: ChunkOffset): ChunkOffset {
    return writtenTo(this.order, this.available, at);
  }

  /** Bytes that the writer has, available or not. */
  get receivedBytes(): number {
    return this.#words.bytes(RECEIVED);
  }

  get state(): WatermarkState {
    return this.#words.state;
  }

  /** The writer's current phase. */
  get phase(): FetchPhase {
    return this.#words.phase;
  }

  /** Monotonic ms of the writer's last byte or change of phase; 0 before any. */
  get activeAtMs(): number {
    return this.#words.activeAtMs;
  }

  wait(at: ChunkOffset): Promise<void> {
    // A closed registry gets no more wakes, so that the end of a growing file would go unnoticed.
    if (this.#registry.closed) this.fail();
    return new Promise((resolve) => {
      this.#waiters.push({ at, resolve });
      this.#registry.waiting.add(this);
      this.#words.listen();
      // Checked after the waiter is registered. The writer stores, then writes to the eventfd; the
      // registry drains the eventfd, then settles the registered waiters. This check sees a store
      // that came before it; the wake of a later store finds the waiter registered. There is no
      // gap.
      this.settle();
    });
  }

  /** Requests the writer to stop. The writer ends the watermark after it has stopped. */
  cancel(): void {
    this.#words.cancel();
  }

  /** Makes withheld bytes available; ignores a lower number than before. */
  advance(bytes: number): void {
    if (this.#words.raise(AVAILABLE, bytes)) this.#moved();
  }

  /** Ends the watermark after the last byte. */
  complete(): void {
    if (this.#words.end(COMPLETE)) this.#moved();
  }

  /** Ends the watermark because the rest of the bytes will not be written. */
  fail(): void {
    if (this.#words.end(FAILED)) this.#moved();
  }

  #moved(): void {
    this.settle();
    for (const fd of this.#registry.followerFds) native.wake(fd);
  }

  /** Resolves the waits that are over. The registry calls it on a wake. */
  settle(): void {
    const ended = this.state !== 'growing';
    // Read once: if it changed between the two filters, a waiter would be lost.
    const { available } = this;
    const over = ({ at }: Waiter): boolean => ended || writtenTo(this.order, available, at) > at;
    const settled = this.#waiters.filter(over);
    this.#waiters = this.#waiters.filter((waiter) => !over(waiter));
    if (this.#waiters.length === 0) this.#registry.waiting.delete(this);
    for (const waiter of settled) waiter.resolve();
  }
}

/** Owns the main thread's eventfd, and settles waits when a worker writes to it. */
export class WatermarkRegistry {
  readonly wakeFd: number;
  readonly #watcher: WakeWatcher;
  readonly #registry: WaitRegistry;

  /** `followerFds`: descriptors that wake C++ readers of the words, the pump's (`Pump.wakeFd`). */
  constructor(followerFds: readonly number[] = []) {
    this.#registry = { closed: false, followerFds, waiting: new Set() };
    this.wakeFd = native.createEventfd();
    this.#watcher = native.watchEventfd(this.wakeFd, () => {
      for (const watermark of [...this.#registry.waiting]) watermark.settle();
    });
  }

  /** The descriptors that workers wake when they move a watermark (`WorkerSetup.wakeFds`). */
  get wakeFds(): readonly number[] {
    return [this.wakeFd, ...this.#registry.followerFds];
  }

  /** Creates the watermark of a file that is written in `order`: growing, nothing available. */
  create(order: WriteOrder = FORWARD): SharedWatermark {
    return new SharedWatermark(this.#registry, order);
  }

  /**
   * Fails every watermark with a waiter, now or later, and closes the eventfd. Call it after the
   * last worker that has `wakeFd` has ended, because the number may be reused for another file.
   */
  close(): void {
    if (this.#registry.closed) return;
    this.#registry.closed = true;
    this.#watcher.close();
    for (const watermark of [...this.#registry.waiting]) watermark.fail();
    closeSync(this.wakeFd);
  }
}

/** The worker's side of one watermark. After the end its methods do not change the watermark. */
export class WatermarkWriter {
  readonly #words: WatermarkWords;
  readonly #wakeFds: readonly number[];
  readonly #clock: Clock;

  /**
   * `wakeFds` are those of `WatermarkRegistry.wakeFds`. A descriptor with listeners is woken
   * whenever bytes become available or the state changes.
   */
  constructor(shared: SharedArrayBuffer, wakeFds: readonly number[], clock: Clock = systemClock) {
    this.#words = new WatermarkWords(shared);
    this.#wakeFds = wakeFds;
    this.#clock = clock;
  }

  /** The order in which the worker must write the file. */
  get order(): WriteOrder {
    return this.#words.order;
  }

  /** True after the main thread cancelled: the worker must stop soon and end the watermark. */
  get cancelled(): boolean {
    return this.#words.cancelled;
  }

  /** Records how many bytes the writer has, available or not. Wakes no thread. */
  received(total: number): void {
    this.#words.raise(RECEIVED, total);
    this.#words.activeAtMs = this.#clock.monotonic();
  }

  /** Sets the writer's phase, which is for display alone. Wakes no thread. */
  enter(phase: FetchPhase): void {
    this.#words.phase = phase;
    this.#words.activeAtMs = this.#clock.monotonic();
  }

  /** Makes the first `available` bytes in the file's order available; ignores a lower number. */
  advance(available: number): void {
    if (this.#words.raise(AVAILABLE, available)) this.#wakeAll();
  }

  /** Ends the watermark after all bytes are written and available. */
  complete(): void {
    if (this.#words.end(COMPLETE)) this.#wakeAll();
  }

  /** Ends the watermark because the rest of the bytes will not be written. */
  fail(): void {
    if (this.#words.end(FAILED)) this.#wakeAll();
  }

  #wakeAll(): void {
    this.#wakeFds.forEach((fd, index) => {
      if (this.#words.listens(index)) native.wake(fd);
    });
  }
}
