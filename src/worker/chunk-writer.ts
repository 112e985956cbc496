/**
 * Writes one chunk into its slot as the bytes arrive: to the file, by BLAKE3 into group ids, and by
 * the watermark to readers. It starts at the offset in the watermark's order, where a reader waits,
 * and goes round (model/write-order). Used by fill-chunk and open-body (one chunk) and by
 * stream-writer (one after another).
 */
import { native } from '../compute/native.js';
import type { ChunkSlot, WrittenChunk } from '../compute/protocol.js';
import { WatermarkWriter } from '../compute/watermark.js';
import { GROUP_SIZE_BYTES, groupCount, ID_BYTES } from '../model/chunk.js';
import { ForebayError } from '../model/errors.js';
import type { WorkerContext } from './context.js';
import { errnoOf } from '../model/errno.js';
import { originFault } from './faults.js';
import { readFully } from './read-fully.js';

/** Errnos of a failing disk, not of a wrong call: the writer continues the chunk in memory. */
const DISK_FAILURES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS']);

/** The parts of a thread's context that a chunk's writer uses. */
export type WriterContext = Pick<WorkerContext, 'clock' | 'memory' | 'wakeFds'>;

/** What is known, before its bytes arrive, of a chunk's relation to its object. */
export interface ChunkPlace {
  /** True when this chunk alone is the object, so that its id is the root. False if unknown. */
  readonly wholeObject: boolean;
}

export class ChunkWriter {
  readonly slot: ChunkSlot;
  readonly #buffer: Uint8Array;
  readonly #place: ChunkPlace;
  readonly #context: Pick<WorkerContext, 'memory'>;
  readonly #watermark: WatermarkWriter;
  readonly #groupIds: Uint8Array;
  /** The offset in the chunk where writing started. */
  readonly #start: number;
  #diskFailure: string | null = null;
  /** Number of the chunk's bytes that are in the file. */
  #written = 0;
  /** Offset in the chunk of the next byte. */
  #at: number;
  /** End of the current part in the chunk: first the chunk's end, then `#start`. */
  #partEnd: number;
  /** Number of bytes of the current group in the buffer. */
  #pending = 0;
  #sealedGroups = 0;
  /**
   * True while the group that contains `#start` is incomplete: writing started within it, so its
   * first bytes arrive last, and until then it has no id.
   */
  #split: boolean;
  /** Length of the group that was hashed last; it stays in the buffer until the next byte. */
  #lastGroupBytes = 0;

  /** `buffer` has the size of one group; the next chunk may use it after `finish`. */
  constructor(slot: ChunkSlot, place: ChunkPlace, buffer: Uint8Array, context: WriterContext) {
    this.slot = slot;
    this.#place = place;
    this.#buffer = buffer;
    this.#context = context;
    this.#watermark = new WatermarkWriter(slot.watermark, context.wakeFds, context.clock);
    this.#groupIds = new Uint8Array(groupCount(slot.lengthBytes) * ID_BYTES);
    this.#start = this.#watermark.order.start;
    this.#at = this.#start;
    this.#partEnd = slot.lengthBytes;
    this.#pending = this.#start % GROUP_SIZE_BYTES;
    this.#split = this.#pending > 0;
  }

  /** Absolute offset of the next byte. */
  get offset(): number {
    return this.slot.start + this.#at;
  }

  /**
   * Absolute offset of the current part's end. When it is reached, the chunk is full or `goRound`
   * starts the second part.
   */
  get partEnd(): number {
    return this.slot.start + this.#partEnd;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  get full(): boolean {
    return this.#written === this.slot.lengthBytes;
  }

  /** The errno of the disk's failure after which a memfd took the file's place; `null` without. */
  get diskFailure(): string | null {
    return this.#diskFailure;
  }

  /** True when the main thread has cancelled this chunk. */
  get cancelled(): boolean {
    return this.#watermark.cancelled;
  }

  /** Continues at the chunk's beginning. Throws `RangeError` unless the first part has ended. */
  goRound(): void {
    if (this.#at !== this.slot.lengthBytes || this.full) {
      throw new RangeError('the writer is not at the end of the first part');
    }
    this.#at = 0;
    this.#partEnd = this.#start;
  }

  /** Returns memory for the next bytes of the current group. Empty only at a part's end. */
  space(): Uint8Array {
    const left = this.#partEnd - this.#at;
    return this.#buffer.subarray(this.#pending, Math.min(GROUP_SIZE_BYTES, this.#pending + left));
  }

  /**
   * Writes and hashes the first `byteCount` bytes of `space()`. Throws `no-space` (disk and memory
   * full), `disk`, or `origin-corrupt` when a group differs from its expected id.
   */
  filled(byteCount: number): void {
    if (byteCount > this.space().length) throw new RangeError('more bytes than `space` returned');
    // A disk that hangs blocks this thread. The phase, set before, shows others where it hangs.
    this.#watermark.enter('writing');
    this.#write(this.#pending, byteCount);
    this.#watermark.enter('receiving');
    this.#pending += byteCount;
    this.#at += byteCount;
    this.#written += byteCount;
    this.#watermark.received(this.#written);
    if (this.slot.expectedGroupIds === null) this.#release();
    const endsGroup = this.#pending === GROUP_SIZE_BYTES || this.#at === this.#partEnd;
    if (endsGroup && this.#isWhole()) this.#sealGroup();
  }

  /**
   * Ends the chunk: hashes the remaining bytes and completes the watermark, unless it is withheld.
   * `endsObject`: true when the object's last byte is in this chunk. Throws as `filled` does.
   */
  finish(endsObject: boolean): WrittenChunk {
    if (this.#pending > 0) this.#sealGroup();
    const wholeObject = endsObject && this.slot.start === 0;
    if (wholeObject && !this.#place.wholeObject && this.#sealedGroups === 1) {
      // Only now is the length known: this single group is the object, so its id is the root.
      native.groupId(this.#buffer.subarray(0, this.#lastGroupBytes), 0, true, this.#groupIds, 0);
    }
    const groupIds = this.#groupIds.slice(0, this.#sealedGroups * ID_BYTES);
    const chunkId = Buffer.from(native.chunkId(groupIds, wholeObject)).toString('hex');
    if (!this.slot.withheld) this.#watermark.complete();
    return {
      index: this.slot.index,
      lengthBytes: this.#written,
      groupIds,
      chunkId,
      diskFailure: this.#diskFailure,
    };
  }

  /** Fails the watermark after the task was cancelled: readers get no more bytes. */
  abandon(): void {
    this.#watermark.fail();
  }

  /**
   * True when the buffer holds the whole group that ends here. The split group is completed at the
   * end of the second part, when its tail is read back from the file.
   */
  #isWhole(): boolean {
    if (!this.#split) return true;
    const tailStart = this.#start;
    if (this.full) {
      const groupEnd = (Math.floor(tailStart / GROUP_SIZE_BYTES) + 1) * GROUP_SIZE_BYTES;
      const tailBytes = Math.min(groupEnd, this.slot.lengthBytes) - tailStart;
      this.#readBack(this.#buffer.subarray(this.#pending, this.#pending + tailBytes), tailStart);
      this.#pending += tailBytes;
      this.#split = false;
      return true;
    }
    const isSplitGroup = this.#at > tailStart && this.#at - this.#pending < tailStart;
    if (isSplitGroup) this.#pending = 0;
    return !isSplitGroup;
  }

  #readBack(into: Uint8Array, offset: number): void {
    let readBytes: number;
    try {
      readBytes = readFully(this.slot.fd, into, into.length, offset);
    } catch (cause) {
      const message = `reading a chunk back failed: ${errnoOf(cause)}`;
      throw new ForebayError('disk', message, { ...INTERNAL, cause });
    }
    if (readBytes < into.length) {
      throw new ForebayError('disk', 'a chunk file is shorter than its written bytes', INTERNAL);
    }
  }

  #release(): void {
    if (!this.slot.withheld) this.#watermark.advance(this.#written);
  }

  #sealGroup(): void {
    const group = Math.ceil(this.#at / GROUP_SIZE_BYTES) - 1;
    const groupIndex = this.slot.start / GROUP_SIZE_BYTES + group;
    const isObject = this.#place.wholeObject && this.slot.lengthBytes <= GROUP_SIZE_BYTES;
    const bytes = this.#buffer.subarray(0, this.#pending);
    native.groupId(bytes, groupIndex, isObject, this.#groupIds, group * ID_BYTES);
    this.#lastGroupBytes = this.#pending;
    this.#pending = 0;
    this.#sealedGroups++;
    if (this.slot.expectedGroupIds === null) return;
    const [from, to] = [group * ID_BYTES, (group + 1) * ID_BYTES];
    const expected = this.slot.expectedGroupIds.subarray(from, to);
    if (Buffer.compare(expected, this.#groupIds.subarray(from, to)) !== 0) {
      throw originFault('origin-corrupt', `group ${String(groupIndex)} differs from its known id`);
    }
    // Bytes are released in write order: the split group comes first.
    if (!this.#split) this.#release();
  }

  #write(from: number, byteCount: number): void {
    const bytes = this.#buffer.subarray(from, from + byteCount);
    try {
      native.writeAll(this.slot.fd, bytes, this.#at);
    } catch (cause) {
      this.#moveToMemory(cause);
      native.writeAll(this.slot.fd, bytes, this.#at);
    }
  }

  /** Replaces the file behind the descriptor by a memfd, so that readers still get this chunk. */
  #moveToMemory(cause: unknown): void {
    const errno = errnoOf(cause);
    if (this.#diskFailure !== null || !DISK_FAILURES.has(errno)) {
      throw new ForebayError('disk', `writing a chunk failed: ${errno}`, { ...INTERNAL, cause });
    }
    const { memory } = this.#context;
    if (!memory.tryCharge(this.slot.lengthBytes)) {
      const message = `the disk failed (${errno}) and the memory budget is exhausted`;
      throw new ForebayError('no-space', message, { ...INTERNAL, cause });
    }
    try {
      // Bytes that are not written yet become zeros, which the watermark keeps from readers. The
      // pump has duplicates of the old file's descriptor. A file that was not written from its
      // beginning is emptied, so that the pump meets its end and not a hole in it.
      native.moveToMemfd(this.slot.fd, this.#fileBytes(), this.#start > 0);
    } catch (error) {
      memory.release(this.slot.lengthBytes);
      throw new ForebayError('disk', `moving a chunk to memory failed: ${errnoOf(error)}`, {
        ...INTERNAL,
        cause: error,
      });
    }
    this.#diskFailure = errno;
  }

  /** Returns the length of the file so far: in the second part the whole chunk's. */
  #fileBytes(): number {
    if (this.#written === 0) return 0;
    return this.#at > this.#start ? this.#at : this.slot.lengthBytes;
  }
}

const INTERNAL = { source: 'internal', retryable: true } as const;
