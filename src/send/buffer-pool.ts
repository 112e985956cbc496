/**
 * The memory of `BufferSender`: a buffer is taken for one read and given back when its bytes are in
 * the kernel. Buffers are large while few are out, small when thousands of slow clients hold one.
 */

const KIBIBYTE = 1024;

/** What a buffer's size is while fewer than `below` are out. */
interface Tier {
  readonly below: number;
  readonly sizeBytes: number;
}

/**
 * 256 KiB amortise the thread-pool round trip of a read (about 50 us) at several GB/s; 64 of these
 * take 16 MiB. Then 16 MiB in pieces of 64 KiB; then 16 KiB each, so that 10,000 stuck clients with
 * two each take 320 MiB instead of 5 GiB.
 */
const TIERS: readonly Tier[] = [
  { below: 64, sizeBytes: 256 * KIBIBYTE },
  { below: 320, sizeBytes: 64 * KIBIBYTE },
];
const SMALLEST_BYTES = 16 * KIBIBYTE;

/** Buffers of one size that are kept for reuse: 4 MiB of the largest. */
const MAX_IDLE_PER_SIZE = 16;

/** The size of the next buffer when `out` are in use. */
export function bufferSize(out: number): number {
  return TIERS.find((tier) => out < tier.below)?.sizeBytes ?? SMALLEST_BYTES;
}

/** One per sender. Not for use across threads. */
export class BufferPool {
  readonly #idle = new Map<number, Buffer[]>();
  #out = 0;

  /** Buffers taken and neither given back nor lost. */
  get out(): number {
    return this.#out;
  }

  /** A buffer with arbitrary content. `give` or `lose` it once. */
  take(): Buffer {
    const size = bufferSize(this.#out);
    this.#out += 1;
    return this.#idle.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  /** Takes back a buffer that is not read any more. */
  give(buffer: Buffer): void {
    this.#out -= 1;
    const idle = this.#idle.get(buffer.length);
    if (idle === undefined) this.#idle.set(buffer.length, [buffer]);
    else if (idle.length < MAX_IDLE_PER_SIZE) idle.push(buffer);
  }

  /** Stops counting a buffer that a dead connection may still hold: it is never used again. */
  lose(): void {
    this.#out -= 1;
  }
}
