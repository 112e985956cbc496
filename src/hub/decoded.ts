/**
 * Decodes a hub's JSON and messages. The mirror requests identity, but proxies in front of a hub
 * compress all the same. Used by hub/read-body.
 */
import { isDecodable } from '../model/content-coding.js';
import { ForebayError } from '../model/errors.js';
import { BodyDecoder } from '../worker/body-decoder.js';

/** Decoded texts are held in memory: a small coded one must not become a large one without end. */
export const MAX_DECODED_BYTES = 32 * 1024 * 1024;

/**
 * The plain bytes of `pieces`, which are coded as `coding` (`codingOf`), each piece in memory of
 * its own. Throws `origin-protocol` for a coding that cannot be taken off, or too many bytes.
 */
export async function* decodedPieces(
  pieces: AsyncIterable<Buffer>,
  coding: string,
): AsyncGenerator<Buffer> {
  if (coding === '') {
    yield* pieces;
    return;
  }
  if (!isDecodable(coding)) throw notDecodable(coding);
  let length = 0;
  const plain: Buffer[] = [];
  const decoder = new BodyDecoder(coding, MAX_DECODED_BYTES, (bytes) => {
    length += bytes.length;
    if (length > MAX_DECODED_BYTES)
      throw notDecodable(`${coding} beyond ${String(MAX_DECODED_BYTES)} bytes`);
    const own = Buffer.alloc(bytes.length);
    own.set(bytes);
    plain.push(own);
  });
  try {
    for await (const piece of pieces) {
      await decoder.push(piece);
      yield* plain.splice(0);
    }
    await decoder.end();
    yield* plain.splice(0);
  } finally {
    decoder.close();
  }
}

function notDecodable(coding: string): ForebayError {
  const message = `the hub's answer cannot be decoded: ${coding.slice(0, 64)}`;
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}
