/**
 * Decodes the content coding of a hub's JSON and messages. The mirror requests `identity`, but
 * proxies in front of a hub compress all the same. Used by hub/json-answers and hub/read-body.
 */
import { isDecodable } from '../model/content-coding.js';
import { ForebayError } from '../model/errors.js';
import { BodyDecoder } from '../worker/body-decoder.js';

/**
 * The longest decoded text. It is held in memory, so a small coded one must not expand unbounded.
 */
export const MAX_DECODED_BYTES = 32 * 1024 * 1024;

/**
 * Yields the decoded bytes of `pieces`, whose coding is `coding` (`codingOf`). Each piece has its
 * own memory. Throws `origin-protocol` for an unsupported coding, or for too many bytes.
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
