/**
 * The content of a response: ranges of a body, with part headers between them if it has several
 * parts. http/reply/respond makes it; http/exchange/deliver reads it from any position.
 */
import type { Body } from '../../cache/api/facade.js';
import type { Segment } from '../../model/segment.js';

export type ContentPiece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The bytes `start <= i < end` of the body; `end` is `Infinity` where no length is known. */
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

/** In order. */
export type Content = readonly ContentPiece[];

/** Bytes of the content in all; `Infinity` where no length is known. */
export function contentLength(content: Content): number {
  return content.reduce((sum, piece) => sum + lengthOf(piece), 0);
}

/**
 * The segments of `content` from its byte `at` on. `after`: whether an earlier reading has failed
 * there; the body's store is then to blame until it was checked.
 */
export async function* segmentsFrom(
  body: Body,
  content: Content,
  at: number,
  after: 'nothing' | 'failure',
): AsyncGenerator<Segment> {
  let before = 0;
  let blamed = after;
  for (const piece of content) {
    const skipped = Math.max(0, at - before);
    before += lengthOf(piece);
    if (before <= at) continue;
    switch (piece.kind) {
      case 'bytes':
        yield { kind: 'bytes', bytes: piece.bytes.subarray(skipped) };
        break;
      case 'range':
        yield* body.read({ start: piece.start + skipped, end: piece.end }, blamed);
        blamed = 'nothing';
    }
  }
}

function lengthOf(piece: ContentPiece): number {
  return piece.kind === 'bytes' ? piece.bytes.length : piece.end - piece.start;
}
