/**
 * Reads the body of an answer: whole, into memory, or piece by piece. For JSON and short messages.
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
 * The longest answer about a repository that is held in memory: one that is stored nowhere. A page
 * of a listing has 1000 entries of some 500 bytes; a repository's description names all its files.
 */
export const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** Pieces that are read at once. */
export const PIECE_BYTES = 1024 * 1024;

/** The longest message of a hub that is sent on. */
const MAX_WORDS_BYTES = 16 * 1024;

export interface ReadBounds {
  readonly clock: Clock;
  /** The longest wait for the next byte. */
  readonly sourceIdleTimeoutMs: number;
}

/** Rejects with a `ForebayError` when the bytes cannot be had, or are too many. */
export function readBody(body: Body, bounds: ReadBounds, maxBytes?: number): Promise<Buffer> {
  return gathered(piecesOf(body, bounds), maxBytes);
}

/** The same without the content coding that the hub gave it (hub/decoded). */
export function readDecoded(
  { body, headers }: Pick<CacheAnswer, 'body' | 'headers'>,
  bounds: ReadBounds,
  maxBytes?: number,
): Promise<Buffer> {
  return gathered(decodedPieces(piecesOf(body, bounds), codingOf(headers)), maxBytes);
}

/** Pieces as one text; rejects with `origin-protocol` beyond `maxBytes`. */
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

/** The bytes of a body in order. Each piece has memory of its own, which may be given away. */
export async function* piecesOf(body: Body, bounds: ReadBounds): AsyncGenerator<Buffer> {
  for await (const segment of body.read({ start: 0, end: body.lengthBytes ?? Infinity })) {
    yield* bytesOf(segment, bounds);
  }
}

/** The message of a refusal; `undefined` if it is too long, or does not arrive. */
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

/** The bytes of a segment in order, as `piecesOf` gives them; releases the segment. */
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

/** The failure of a hub's answer that is longer than may be read. */
export function tooLong(maxBytes: number): ForebayError {
  const message = `the hub's answer is longer than ${String(maxBytes)} bytes`;
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}
