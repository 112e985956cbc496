/**
 * Watermarks over shared memory: how far a growing file may be read. A worker thread advances one
 * while it writes (`WatermarkWriter`), the main thread passes it to senders (`SharedWatermark`),
 * and one eventfd for all of them wakes the main thread (`WatermarkRegistry`). The layout of the
 * shared state is in watermark-words.
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

/** What a hub shares with its watermarks. */
interface WaitRegistry {
  closed: boolean;
  /** Who follows watermarks natively: woken when this thread moves one. */
  readonly followerFds: readonly number[];
  /** Only those that someone waits on: a wake looks at these alone. */
  readonly waiting: Set<SharedWatermark>;
}

/**
 * The main thread's side of one watermark; `WatermarkRegistry.create` makes them. Read `state`
 * before the available bytes: after `complete` these are final.
 */
export class SharedWatermark implements Watermark {
  /** For the task of the worker that writes (`ChunkSlot.watermark`). */
  readonly shared = new SharedArrayBuffer(WATERMARK_BYTES);
  /** In which order the file is written. */
  readonly order: WriteOrder;
  readonly #words = new WatermarkWords(this.shared);
  readonly #registry: WaitRegistry;
  #waiters: Waiter[] = [];

  constructor(registry: WaitRegistry, order: WriteOrder) {
    this.#registry = registry;
    this.order = order;
    this.#words.order = order;
  }

  /** Bytes that may be released, in the order in which they are written. */
  get available(): number {
    return this.#words.bytes(AVAILABLE);
  }

  readableTo(at: ChunkOffset): ChunkOffset {
    return writtenTo(this.order, this.available, at);
  }

  /** Bytes that the writer has, whether it may release them or not. */
  get receivedBytes(): number {
    return this.#words.bytes(RECEIVED);
  }

  get state(): WatermarkState {
    return this.#words.state;
  }

  /** What the writer is at. */
  get phase(): FetchPhase {
    return this.#words.phase;
  }

  /** Monotonic ms of the writer's last byte or change of phase; 0 before any. */
  get activeAtMs(): number {
    return this.#words.activeAtMs;
  }

  wait(at: ChunkOffset): Promise<void> {
    // A closed hub hears no writer any more, so what still grows will never be known to end.
    if (this.#registry.closed) this.fail();
    return new Promise((resolve) => {
      this.#waiters.push({ at, resolve });
      this.#registry.waiting.add(this);
      this.#words.listen();
      // Checked after registering. The writer stores, then writes to the eventfd; the hub drains
      // the eventfd, then settles the registered. A store before this check is seen by it; one
      // after it finds the waiter registered when its wake is heard. There is no gap between the
      // two.
      this.settle();
    });
  }

  /** Asks the writer to stop, which then ends the watermark itself. */
  cancel(): void {
    this.#words.cancel();
  }

  /** Releases bytes that the main thread held back; lower than before is ignored. */
  advance(bytes: number): void {
    if (this.#words.raise(AVAILABLE, bytes)) this.#moved();
  }

  /** No more bytes will come. */
  complete(): void {
    if (this.#words.end(COMPLETE)) this.#moved();
  }

  /** The rest will not come. */
  fail(): void {
    if (this.#words.end(FAILED)) this.#moved();
  }

  #moved(): void {
    this.settle();
    for (const fd of this.#registry.followerFds) native.wake(fd);
  }

  /** Resolves the waits that are over; the hub calls it on a wake. */
  settle(): void {
    const ended = this.state !== 'growing';
    // Read once: a writer that moves between two looks would let a waiter fall between them.
    const { available } = this;
    const over = ({ at }: Waiter): boolean => ended || writtenTo(this.order, available, at) > at;
    const settled = this.#waiters.filter(over);
    this.#waiters = this.#waiters.filter((waiter) => !over(waiter));
    if (this.#waiters.length === 0) this.#registry.waiting.delete(this);
    for (const waiter of settled) waiter.resolve();
  }
}

/** Owns the eventfd of the main thread and settles waits when a worker writes to it. */
export class WatermarkRegistry {
  readonly wakeFd: number;
  readonly #watcher: WakeWatcher;
  readonly #registry: WaitRegistry;

  /**
   * `followerFds`: what wakes those who read the shared words themselves, the pump (`Pump.wakeFd`).
   */
  constructor(followerFds: readonly number[] = []) {
    this.#registry = { closed: false, followerFds, waiting: new Set() };
    this.wakeFd = native.createEventfd();
    this.#watcher = native.watchEventfd(this.wakeFd, () => {
      for (const watermark of [...this.#registry.waiting]) watermark.settle();
    });
  }

  /** What workers wake when they move a watermark (`WorkerSetup.wakeFds`). */
  get wakeFds(): readonly number[] {
    return [this.wakeFd, ...this.#registry.followerFds];
  }

  /** A new watermark, of a file that is written in `order`: nothing available, growing. */
  create(order: WriteOrder = FORWARD): SharedWatermark {
    return new SharedWatermark(this.#registry, order);
  }

  /**
   * Fails every watermark that someone waits on, now or later, and closes the eventfd: only after
   * the last worker that has `wakeFd` has ended, as the number may come to name another file.
   */
  close(): void {
    if (this.#registry.closed) return;
    this.#registry.closed = true;
    this.#watcher.close();
    for (const watermark of [...this.#registry.waiting]) watermark.fail();
    closeSync(this.wakeFd);
  }
}

/** The worker's side of one watermark. Every method may be called after the end, without effect. */
export class WatermarkWriter {
  readonly #words: WatermarkWords;
  readonly #wakeFds: readonly number[];
  readonly #clock: Clock;

  /**
   * Wakes those of `wakeFds` (`WatermarkRegistry.wakeFds`) that have listeners, whenever bytes
   * become available or the state changes.
   */
  constructor(shared: SharedArrayBuffer, wakeFds: readonly number[], clock: Clock = systemClock) {
    this.#words = new WatermarkWords(shared);
    this.#wakeFds = wakeFds;
    this.#clock = clock;
  }

  /** In which order the file is to be written. */
  get order(): WriteOrder {
    return this.#words.order;
  }

  /** True if the main thread has cancelled the write: stop soon, and end the watermark. */
  get cancelled(): boolean {
    return this.#words.cancelled;
  }

  /** Sets the number of received bytes, released or not. Wakes no thread. */
  received(total: number): void {
    this.#words.raise(RECEIVED, total);
    this.#words.activeAtMs = this.#clock.monotonic();
  }

  /** Sets the writer's phase, which is only shown. Wakes no thread. */
  enter(phase: FetchPhase): void {
    this.#words.phase = phase;
    this.#words.activeAtMs = this.#clock.monotonic();
  }

  /** Releases the first `available` bytes, in the file's order; lower than before is ignored. */
  advance(available: number): void {
    if (this.#words.raise(AVAILABLE, available)) this.#wakeAll();
  }

  /** Every byte is written and released, or will be released by the main thread. */
  complete(): void {
    if (this.#words.end(COMPLETE)) this.#wakeAll();
  }

  /** The rest will not come. */
  fail(): void {
    if (this.#words.end(FAILED)) this.#wakeAll();
  }

  #wakeAll(): void {
    this.#wakeFds.forEach((fd, index) => {
      if (this.#words.listens(index)) native.wake(fd);
    });
  }
}
