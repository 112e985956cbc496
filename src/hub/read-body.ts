/** Reads the body of an answer whole, into memory: for JSON, which is small. */
import type { Body } from '../cache/answer.js';
import { ForebayError } from '../model/errors.js';
import type { Segment } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { advanced, readableEnd, readSegment } from '../send/segment-bytes.js';

/**
 * The longest answer about a repository that is read. A page of a listing has 1000 entries of some 500
 * bytes; a repository's description names all its files.
 */
export const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** Pieces that are read at once. */
const PIECE_BYTES = 256 * 1024;

export interface ReadBounds {
  readonly clock: Clock;
  /** The longest wait for the next byte. */
  readonly sourceIdleTimeoutMs: number;
}

/** Rejects with a `ForebayError` when the bytes cannot be had, or are too many. */
export async function readBody(body: Body, bounds: ReadBounds): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const segment of body.read({ start: 0, end: body.lengthBytes ?? Infinity })) {
    for await (const piece of bytesOf(segment, bounds)) {
      length += piece.length;
      if (length > MAX_JSON_BYTES) throw tooLong();
      pieces.push(piece);
    }
  }
  return Buffer.concat(pieces);
}

async function* bytesOf(segment: Segment, bounds: ReadBounds): AsyncGenerator<Buffer> {
  if (segment.kind === 'bytes') {
    // The producer may use its memory again.
    yield Buffer.from(segment.bytes);
    return;
  }
  try {
    const end = segment.offset + segment.length;
    for (let at = segment.offset; at < end;) {
      const readable = readableEnd(segment, at);
      if (readable === null) {
        if (segment.kind === 'growing') await advanced(segment.watermark, at, bounds);
        continue;
      }
      const buffer = Buffer.alloc(Math.min(PIECE_BYTES, readable - at));
      const count = await readSegment(segment, buffer, at, readable);
      yield buffer.subarray(0, count);
      at += count;
    }
  } finally {
    segment.release();
  }
}

function tooLong(): ForebayError {
  const message = `the hub's answer is longer than ${String(MAX_JSON_BYTES)} bytes`;
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}
