/**
 * Counts the bytes of a small file that a hub sends without a usable Content-Length: with a content
 * coding, or in HTTP chunks. Used by hub/head-client when no HEAD carries a credible length.
 */
import { type Decodable } from '../model/content-coding.js';
import { BodyDecoder } from '../worker/body-decoder.js';

/** The longest file read for its length, coded or not. Larger ones are in LFS, which sends it. */
export const MAX_COUNTED_BYTES = 32 * 1024 * 1024;

/**
 * Returns the decoded content's length in bytes; `null` when it exceeds `MAX_COUNTED_BYTES`.
 * Rejects when the content is incomplete.
 */
export async function countContent(
  pieces: AsyncIterable<Uint8Array>,
  coding: Decodable | '',
): Promise<number | null> {
  let received = 0;
  let counted = 0;
  const decoder =
    coding === ''
      ? undefined
      : new BodyDecoder(coding, MAX_COUNTED_BYTES, (plain) => {
          counted += plain.length;
          if (counted > MAX_COUNTED_BYTES) throw new RangeError('too many to count');
        });
  try {
    for await (const piece of pieces) {
      received += piece.length;
      if (received > MAX_COUNTED_BYTES) return null;
      await decoder?.push(piece);
    }
    await decoder?.end();
    return decoder === undefined ? received : counted;
  } catch (error) {
    if (counted > MAX_COUNTED_BYTES) return null;
    throw error;
  } finally {
    decoder?.close();
  }
}
