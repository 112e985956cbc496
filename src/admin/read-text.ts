/**
 * Reads a small body of the cache as text, for operations that have to understand what it says.
 * Bodies for clients never come this way.
 */
import type { Body } from '../cache/answer.js';
import type { Segment } from '../model/segment.js';
import { ForebayError } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import {
  advanced,
  lengthOf,
  readableEnd,
  readSegment,
  releaseSegment,
} from '../send/segment-bytes.js';

export interface ReadBounds {
  readonly clock: Clock;
  readonly maxBytes: number;
  /** For each byte that has yet to come. */
  readonly idleTimeoutMs: number;
}

/** The body's text. Rejects with a `ForebayError`: `origin-protocol` where it is longer than the bound. */
export async function readText(body: Body, bounds: ReadBounds): Promise<string> {
  const pieces: Buffer[] = [];
  let left = bounds.maxBytes;
  for await (const segment of body.read({ start: 0, end: body.lengthBytes ?? Infinity })) {
    try {
      left -= lengthOf(segment);
      if (left < 0) throw tooLong(bounds.maxBytes);
      pieces.push(await bytesOf(segment, bounds));
    } finally {
      releaseSegment(segment);
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function bytesOf(segment: Segment, { clock, idleTimeoutMs }: ReadBounds): Promise<Buffer> {
  if (segment.kind === 'bytes') return Buffer.from(segment.bytes);
  const bytes = Buffer.alloc(segment.length);
  let done = 0;
  while (done < bytes.length) {
    const at = segment.offset + done;
    const end = readableEnd(segment, at);
    if (end !== null) done += await readSegment(segment, bytes.subarray(done), at, end);
    else if (segment.kind === 'growing') {
      await advanced(segment.watermark, at, { clock, sourceIdleTimeoutMs: idleTimeoutMs });
    }
  }
  return bytes;
}

function tooLong(maxBytes: number): ForebayError {
  const message = `an answer is longer than ${String(maxBytes)} bytes`;
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}
