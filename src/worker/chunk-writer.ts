/**
 * Writes one chunk into its slot as the bytes arrive: to the file, through BLAKE3 by group, and to
 * readers by the watermark. It begins at the byte that the first reader needs, and wraps around
 * (model/write-order). Used by fill-chunk and open (one chunk) and stream-writer (one after
 * another).
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

/** Failures of the disk, not of the call: the chunk goes on in memory. */
const DISK_FAILURES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS']);

/** What a chunk's writer needs of its thread. */
export type WriterContext = Pick<WorkerContext, 'clock' | 'memory' | 'wakeFds'>;

/**
 * How a chunk relates to the end of its object, as far as it is known before the bytes are there.
 */
export interface ChunkPlace {
  /** True: this chunk alone is the object, so its id is the root. False: it is not, or unknown. */
  readonly wholeObject: boolean;
}

export class ChunkWriter {
  readonly slot: ChunkSlot;
  readonly #buffer: Uint8Array;
  readonly #place: ChunkPlace;
  readonly #context: Pick<WorkerContext, 'memory'>;
  readonly #watermark: WatermarkWriter;
  readonly #groupIds: Uint8Array;
  /** Where in the chunk it began. */
  readonly #start: number;
  #diskFailure: string | null = null;
  /** Bytes of the chunk that are in the file. */
  #written = 0;
  /** Where in the chunk the next byte goes. */
  #at: number;
  /** End of the part being written: the chunk's end, then the position where writing began. */
  #partEnd: number;
  /** Bytes of the current group that are in the buffer. */
  #pending = 0;
  #sealedGroups = 0;
  /** Writing began within a group, whose first bytes come last: that group is hashed at the end. */
  #split: boolean;
  /** Length of the group that was hashed last: the buffer holds it until the next byte comes. */
  #lastGroupBytes = 0;

  /** `buffer` holds one group; it may be used again once the next chunk begins. */
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
   * Absolute offset up to which bytes come in a row. Once it is reached, there is `goRound`, or
   * all.
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

  /** The errno with which the disk failed, once a memfd has taken the file's place. */
  get diskFailure(): string | null {
    return this.#diskFailure;
  }

  /** The main thread has cancelled this chunk. */
  get cancelled(): boolean {
    return this.#watermark.cancelled;
  }

  /** Goes on at the chunk's beginning. Only at the end of the first part. */
  goRound(): void {
    if (this.#at !== this.slot.lengthBytes || this.full) throw new RangeError('not at the end');
    this.#at = 0;
    this.#partEnd = this.#start;
  }

  /** Memory for the next bytes: the rest of the current group. Empty only at a part's end. */
  space(): Uint8Array {
    const left = this.#partEnd - this.#at;
    return this.#buffer.subarray(this.#pending, Math.min(GROUP_SIZE_BYTES, this.#pending + left));
  }

  /**
   * Takes the first `byteCount` bytes of `space()`. Throws `no-space` (disk and memory full),
   * `disk`, or `origin-corrupt` when a group differs from its attested id.
   */
  filled(byteCount: number): void {
    if (byteCount > this.space().length) throw new RangeError('more bytes than there is space for');
    // A disk that hangs blocks this thread: its phase must be set before.
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
   * Ends the chunk: the rest of it is hashed and its watermark completed. `endsObject` is true when
   * the object's last byte is in this chunk. Throws as `filled` does.
   */
  finish(endsObject: boolean): WrittenChunk {
    if (this.#pending > 0) this.#sealGroup();
    const wholeObject = endsObject && this.slot.start === 0;
    if (wholeObject && !this.#place.wholeObject && this.#sealedGroups === 1) {
      // Only now is it known that the group is the object, whose id is the root.
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

  /** The task was cancelled: readers, if any are left, get no more. */
  abandon(): void {
    this.#watermark.fail();
  }

  /**
   * Whether the group that ends here can be hashed. One that is split is put together at the end.
   */
  #isWhole(): boolean {
    if (!this.#split) return true;
    const tailAt = this.#start;
    if (this.full) {
      const groupEnd = (Math.floor(tailAt / GROUP_SIZE_BYTES) + 1) * GROUP_SIZE_BYTES;
      const tailBytes = Math.min(groupEnd, this.slot.lengthBytes) - tailAt;
      this.#readBack(this.#buffer.subarray(this.#pending, this.#pending + tailBytes), tailAt);
      this.#pending += tailBytes;
      this.#split = false;
      return true;
    }
    const isSplitOne = this.#at > tailAt && this.#at - this.#pending < tailAt;
    if (isSplitOne) this.#pending = 0;
    return !isSplitOne;
  }

  #readBack(into: Uint8Array, at: number): void {
    let taken: number;
    try {
      taken = readFully(this.slot.fd, into, into.length, at);
    } catch (cause) {
      throw new ForebayError('disk', `a read failed: ${errnoOf(cause)}`, { ...INTERNAL, cause });
    }
    if (taken < into.length) throw new ForebayError('disk', 'a draft is too short', INTERNAL);
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
    // Bytes are released in the order in which they were written.
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

  /** Puts a memfd in the descriptor's place, so that this chunk still serves its readers. */
  #moveToMemory(cause: unknown): void {
    const errno = errnoOf(cause);
    if (this.#diskFailure !== null || !DISK_FAILURES.has(errno)) {
      throw new ForebayError('disk', `writing a chunk failed: ${errno}`, { ...INTERNAL, cause });
    }
    const { memory } = this.#context;
    if (!memory.tryCharge(this.slot.lengthBytes)) {
      throw new ForebayError('no-space', `the disk failed (${errno}) and memory is used up`, {
        ...INTERNAL,
        cause,
      });
    }
    try {
      // Bytes not yet written are copied as zeros, which no reader may see. The pump has duplicates
      // of the old file: one that was not written from its beginning does not end where its bytes
      // do.
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

  /** Length of the file so far; in the second part, the chunk's length. */
  #fileBytes(): number {
    if (this.#written === 0) return 0;
    return this.#at > this.#start ? this.#at : this.slot.lengthBytes;
  }
}

const INTERNAL = { source: 'internal', retryable: true } as const;
