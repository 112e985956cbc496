/**
 * Maps the pieces of a pump transfer to the segments of one send: the segment and the position of
 * each piece, and the error if the pump could not send it. For `PumpedSend`.
 */
import { getSystemErrorName } from 'node:util';
import type { Transfer, TransferEnd } from '../compute/transfer.js';
import type { SharedWatermark } from '../compute/watermark.js';
import { ForebayError } from '../model/errors.js';
import type { Segment } from '../model/segment.js';
import {
  diskIdle,
  fillFailed,
  lengthOf,
  shortFile,
  sourceIdle,
  unreadable,
} from './segment-bytes.js';

/** A queued part of a segment, or the whole. */
export interface QueuedPiece {
  readonly segment: Segment;
  /** Where it begins in its file, and in the body of this send. */
  readonly offset: number;
  readonly bodyOffset: number;
  release(): void;
}

/** A part of a segment as it is queued: positions from the segment's beginning. */
export interface BufferPart {
  readonly start: number;
  readonly end: number;
  /** Where not all of it is there yet. */
  readonly watermark: SharedWatermark | null;
}

export class PieceQueue {
  readonly transfer: Transfer<QueuedPiece>;
  /** Bytes of all pieces so far. */
  #queuedBytes = 0;

  constructor(transfer: Transfer<QueuedPiece>) {
    this.transfer = transfer;
  }

  /**
   * Queues a part of a segment; `release` is called when the pump is done with it, sent or not.
   * Throws `ForebayError` (`disk`) where a file cannot be used, and does not call it then.
   */
  add(segment: Segment, { start, end, watermark }: BufferPart, release: () => void): void {
    const bodyOffset = this.#queuedBytes;
    if (segment.kind === 'bytes') {
      const piece = { segment, offset: start, bodyOffset, release };
      this.transfer.addBytes(segment.bytes.subarray(start, end), piece);
    } else {
      const offset = segment.offset + start;
      const part = { fd: segment.file.fd, offset, length: end - start, watermark };
      try {
        this.transfer.addFile(part, { segment, offset, bodyOffset, release });
      } catch (error) {
        throw unreadable(error as NodeJS.ErrnoException);
      }
    }
    this.#queuedBytes += end - start;
  }

  /** Bytes that have come for the file that it is at, where that still grows. */
  get arrivedBytes(): number {
    const segment = this.transfer.at?.segment;
    return segment?.kind === 'growing' ? segment.watermark.receivedBytes : 0;
  }

  /** The error of a source that made no progress for too long. */
  whyStalled(): ForebayError {
    return this.transfer.at?.segment.kind === 'file' ? diskIdle() : sourceIdle();
  }

  /** The error of the source for an end that the client did not cause. */
  causeOf(end: TransferEnd<QueuedPiece>): unknown {
    if (!('at' in end) || end.at === null) {
      return new ForebayError('internal', `a transfer ended as ${end.kind}`, {
        source: 'internal',
        retryable: true,
      });
    }
    const { segment, offset, bodyOffset } = end.at;
    const position = offset + this.transfer.bytesSent - bodyOffset;
    switch (end.kind) {
      case 'short-file':
        return shortFile(position, offset + lengthOf(segment));
      case 'read-failed': {
        const code = getSystemErrorName(-end.errno);
        return unreadable(Object.assign(new Error(`${code}, sendfile`), { code }));
      }
      case 'watermark-failed':
        return fillFailed(segment, position);
    }
  }
}
