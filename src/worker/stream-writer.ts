/**
 * Cuts a body that is read from its beginning into chunks, asking the main thread for a slot each
 * time it reaches one. Used by open for a 200 and for every other status with content.
 */
import type { ChunkSlot } from '../compute/protocol.js';
import { ChunkWriter, type WriterContext } from './chunk-writer.js';
import { cancelledFault, internalFault } from './faults.js';
import type { OpenChannel } from './open-channel.js';
import type { ByteTaker } from './response-sink.js';

export interface StreamShape {
  readonly chunkSizeBytes: number;
  /** Length of the body; `null` if it is unknown until the end. */
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

  /** `first` is the slot of chunk 0; `buffer` holds one group. */
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

  /** The main thread answered `stop`. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get cancelled(): boolean {
    return this.#writer?.cancelled ?? false;
  }

  /** Of the chunk in progress. */
  get diskFailure(): string | null {
    return this.#writer?.diskFailure ?? null;
  }

  space(): Uint8Array {
    if (this.#offset === this.#shape.lengthBytes) return this.#buffer.subarray(0, 0);
    // Between two chunks bytes are read first: a slot is requested only if there are any.
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

  /** The body is complete: ends the last chunk. Throws as `ChunkWriter.filled` does. */
  end(): void {
    if (this.#writer !== null && this.#writer.written > 0) this.#finishChunk(true);
  }

  /** The task was cancelled: readers of the chunk in progress get no more. */
  abandon(): void {
    this.#writer?.abandon();
  }

  #take(writer: ChunkWriter, byteCount: number): void {
    writer.filled(byteCount);
    this.#offset += byteCount;
    // Where the length is unknown, a full chunk is ended by the byte after it or by the end of the
    // body: which of the two decides whether a first chunk's id is the root.
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
      throw internalFault(`not the slot of byte ${String(this.#offset)}`);
    }
    const wholeObject = lengthBytes !== null && lengthBytes <= chunkSizeBytes;
    return new ChunkWriter(slot, { wholeObject }, this.#buffer, this.#context);
  }
}
