/**
 * Reads the body of an answer into memory, whole or piece by piece. For JSON and short messages.
 */
import type { Body, CacheAnswer } from '../cache/api/facade.js';
import { codingOf } from '../model/content-coding.js';
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { Segment } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { advanced, readableEnd, readSegment } from '../send/segment-bytes.js';
import type { AnswerWords } from './answers.js';
import { decodedPieces } from './decoded.js';

/**
 * The longest JSON answer held in memory because it is not stored. A page of a listing has 1000
 * entries of some 500 bytes; a repository's description names all its files.
 */
export const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** The most bytes read at once. */
export const PIECE_BYTES = 1024 * 1024;

/** The longest message of a hub that is passed on to clients. */
const MAX_WORDS_BYTES = 16 * 1024;

export interface ReadBounds {
  readonly clock: Clock;
  /** The longest wait for the next byte, in ms. */
  readonly sourceIdleTimeoutMs: number;
}

/** Reads a whole body. Rejects with a `ForebayError` when reading fails or it is too long. */
export function readBody(body: Body, bounds: ReadBounds, maxBytes?: number): Promise<Buffer> {
  return gathered(piecesOf(body, bounds), maxBytes);
}

/** Reads a whole body and decodes its content coding (hub/decoded). Rejects as `readBody` does. */
export function readDecoded(
  { body, headers }: Pick<CacheAnswer, 'body' | 'headers'>,
  bounds: ReadBounds,
  maxBytes?: number,
): Promise<Buffer> {
  return gathered(decodedPieces(piecesOf(body, bounds), codingOf(headers)), maxBytes);
}

/** Concatenates pieces; rejects with `origin-protocol` beyond `maxBytes`. */
export async function gathered(
  pieces: AsyncIterable<Buffer>,
  maxBytes = MAX_JSON_BYTES,
): Promise<Buffer> {
  const all: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > maxBytes) throw tooLong(maxBytes);
    all.push(piece);
  }
  return Buffer.concat(all);
}

/** Yields the bytes of a body in order. Each piece has its own memory, which may be transferred. */
export async function* piecesOf(body: Body, bounds: ReadBounds): AsyncGenerator<Buffer> {
  for await (const segment of body.read({ start: 0, end: body.lengthBytes ?? Infinity })) {
    yield* bytesOf(segment, bounds);
  }
}

/** Reads the content of a refusal; returns `undefined` when it is empty, too long or unreadable. */
export async function wordsOf(
  body: Body,
  headers: HeaderMap,
  bounds: ReadBounds,
): Promise<AnswerWords | undefined> {
  try {
    const bytes = await readDecoded({ body, headers }, bounds, MAX_WORDS_BYTES);
    const contentType = headerValue(headers, 'content-type') ?? 'text/plain; charset=utf-8';
    return bytes.length === 0 ? undefined : { contentType, bytes };
  } catch {
    return undefined;
  }
}

/** Yields the bytes of a segment in order, as `piecesOf` does, and releases the segment. */
export async function* bytesOf(segment: Segment, bounds: ReadBounds): AsyncGenerator<Buffer> {
  if (segment.kind === 'bytes') {
    // Copied: the producer may reuse its memory, and pooled memory cannot be transferred.
    const own = Buffer.alloc(segment.bytes.length);
    own.set(segment.bytes);
    yield own;
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
      const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, readable - at));
      const count = await readSegment(segment, buffer, at, readable);
      yield buffer.subarray(0, count);
      at += count;
    }
  } finally {
    segment.release();
  }
}

/** Returns the error for a hub's answer longer than `maxBytes`. */
export function tooLong(maxBytes: number): ForebayError {
  const message = `the hub's answer is longer than ${String(maxBytes)} bytes`;
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}
