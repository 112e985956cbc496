/**
 * Cuts a body that is read from its beginning into chunks, and requests a slot from the main thread
 * for each further chunk. Used by open-body for a 200 and for every other status with content but
 * 206.
 */
import type { ChunkSlot } from '../compute/protocol.js';
import { ChunkWriter, type WriterContext } from './chunk-writer.js';
import { cancelledFault, internalFault } from './faults.js';
import type { OpenChannel } from './open-channel.js';
import type { ByteTaker } from './response-sink.js';

export interface StreamShape {
  readonly chunkSizeBytes: number;
  /** Length of the body; `null` when it is unknown until the body ends. */
  readonly lengthBytes: number | null;
}

export class StreamWriter implements ByteTaker {
  readonly #shape: StreamShape;
  readonly #buffer: Uint8Array;
  readonly #channel: OpenChannel;
  readonly #context: WriterContext;
  #writer: ChunkWriter | null;
  #offset = 0;
  #stopped = false;

  /** `first`: the slot of chunk 0. `buffer` has the size of one group. */
  constructor(
    shape: StreamShape,
    first: ChunkSlot,
    buffer: Uint8Array,
    channel: OpenChannel,
    context: WriterContext,
  ) {
    this.#shape = shape;
    this.#buffer = buffer;
    this.#channel = channel;
    this.#context = context;
    this.#writer = this.#begin(first);
  }

  get offset(): number {
    return this.#offset;
  }

  /** True when the main thread replied `stop`. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get cancelled(): boolean {
    return this.#writer?.cancelled ?? false;
  }

  /** The errno of the disk's failure under the current chunk; `null` without. */
  get diskFailure(): string | null {
    return this.#writer?.diskFailure ?? null;
  }

  space(): Uint8Array {
    if (this.#offset === this.#shape.lengthBytes) return this.#buffer.subarray(0, 0);
    // Between two chunks the next bytes are read first: only if there are any is a slot requested.
    return this.#writer === null || this.#writer.full ? this.#buffer : this.#writer.space();
  }

  filled(byteCount: number): void | Promise<void> {
    if (this.#writer?.full === true) this.#finishChunk(false);
    if (this.#writer !== null) {
      this.#take(this.#writer, byteCount);
      return;
    }
    return this.#nextWriter().then((writer) => {
      this.#writer = writer;
      this.#take(writer, byteCount);
    });
  }

  /** Ends the last chunk of a complete body. Throws as `ChunkWriter.filled` does. */
  end(): void {
    if (this.#writer !== null && this.#writer.written > 0) this.#finishChunk(true);
  }

  /** Fails the current chunk's watermark after a cancel: its readers get no more bytes. */
  abandon(): void {
    this.#writer?.abandon();
  }

  #take(writer: ChunkWriter, byteCount: number): void {
    writer.filled(byteCount);
    this.#offset += byteCount;
    // Where the length is unknown, the next byte or the end of the body ends a full chunk. Which of
    // the two it is decides whether the first chunk's id is the root.
    if (writer.full && this.#shape.lengthBytes !== null) {
      this.#finishChunk(this.#offset === this.#shape.lengthBytes);
    }
  }

  #finishChunk(endsObject: boolean): void {
    const writer = this.#writer;
    if (writer === null) return;
    const chunk = writer.finish(endsObject);
    this.#writer = null;
    this.#channel.tell({ kind: 'wrote', chunk });
  }

  async #nextWriter(): Promise<ChunkWriter> {
    const index = this.#offset / this.#shape.chunkSizeBytes;
    const reply = await this.#channel.ask({ kind: 'want', index });
    if (reply.kind === 'stop') {
      this.#stopped = true;
      throw cancelledFault();
    }
    return this.#begin(reply.slot);
  }

  #begin(slot: ChunkSlot): ChunkWriter {
    const { chunkSizeBytes, lengthBytes } = this.#shape;
    const left = Math.min(chunkSizeBytes, (lengthBytes ?? Infinity) - this.#offset);
    if (slot.start !== this.#offset || slot.lengthBytes !== left) {
      const start = String(this.#offset);
      throw internalFault(`the main thread sent a slot that is not for the chunk at byte ${start}`);
    }
    const wholeObject = lengthBytes !== null && lengthBytes <= chunkSizeBytes;
    return new ChunkWriter(slot, { wholeObject }, this.#buffer, this.#context);
  }
}
