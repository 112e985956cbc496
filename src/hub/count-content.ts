/**
 * Counts the bytes of a small file that a hub sends without a usable length, coded or chunked. Used
 * by hub/head-client if a HEAD gave no credible length.
 */
import { type Decodable } from '../model/content-coding.js';
import { BodyDecoder } from '../worker/body-decoder.js';

/**
 * The longest file that is read for its length, coded or not. Larger files are in LFS and have a
 * length.
 */
export const MAX_COUNTED_BYTES = 32 * 1024 * 1024;

/** Bytes of the content; `null` if there are too many. Rejects if the content breaks off. */
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
