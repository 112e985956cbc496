/**
 * Decodes the content coding of a body piece by piece as it arrives. Used by response-sink where
 * the main thread knows an object by the digest of its plain bytes and an origin sends it coded.
 */
import zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Decodable } from '../model/content-coding.js';
import { ForebayError } from '../model/errors.js';
import { originFault } from './faults.js';

/**
 * Returns the most bytes of a coded body. A coding adds some bytes to each block that it cannot
 * compress, and its frame.
 */
export function maxCodedBytes(plainBytes: number): number {
  return plainBytes + Math.ceil(plainBytes / 8) + 64 * 1024;
}

export class BodyDecoder {
  readonly #coding: Decodable;
  readonly #output: (piece: Uint8Array) => void | Promise<void>;
  readonly #maxBytes: number;
  #stream: Transform | undefined;
  #seenBytes = 0;

  /**
   * `output` gets the plain bytes in order, the next piece when its last promise has settled. An
   * error of `output` ends the decoding. `plainBytes`: the length of the plain bytes, which bounds
   * the length of the coded body.
   */
  constructor(
    coding: Decodable,
    plainBytes: number,
    output: (piece: Uint8Array) => void | Promise<void>,
  ) {
    this.#coding = coding;
    this.#maxBytes = maxCodedBytes(plainBytes);
    this.#output = output;
  }

  /**
   * Decodes `bytes`; the caller may reuse them when the promise settles. Rejects with the error of
   * `output`, or with `origin-protocol` for content that is malformed or too long.
   */
  async push(bytes: Uint8Array): Promise<void> {
    this.#seenBytes += bytes.length;
    if (this.#seenBytes > this.#maxBytes) {
      throw originFault('origin-protocol', 'the coded body is far longer than its content');
    }
    const stream = (this.#stream ??= this.#start(bytes[0] ?? 0));
    await new Promise<void>((resolve, reject) => {
      const failed = (error: unknown): void => {
        reject(decodingFault(error));
      };
      if (stream.destroyed) failed(stream.errored);
      stream.once('error', failed);
      stream.write(bytes, (error) => {
        stream.off('error', failed);
        // A stream that was destroyed meanwhile accepts its input without an error.
        const cause = error ?? stream.errored;
        if (cause === null) resolve();
        else failed(cause);
      });
    });
  }

  /**
   * Ends the body and passes the remaining plain bytes to `output`. Rejects as `push` does, also
   * for a body that was cut off.
   */
  async end(): Promise<void> {
    const stream = (this.#stream ??= this.#start(0));
    try {
      if (stream.errored !== null) throw stream.errored;
      stream.end();
      await finished(stream);
    } catch (error) {
      throw decodingFault(error);
    }
  }

  /** Destroys the decoder, even in the middle of a body. */
  close(): void {
    this.#stream?.destroy();
  }

  #start(first: number): Transform {
    const stream = decoderOf(this.#coding, first);
    stream.on('data', (piece: Buffer) => {
      try {
        const pending = this.#output(piece);
        if (pending === undefined) return;
        stream.pause();
        pending.then(
          () => stream.resume(),
          (error: unknown) => stream.destroy(asError(error)),
        );
      } catch (error) {
        stream.destroy(asError(error));
      }
    });
    // `push` and `end` reject with the error; an 'error' event without a listener would throw.
    stream.on('error', () => undefined);
    return stream;
  }
}

function decoderOf(coding: Decodable, first: number): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'deflate':
      // Some servers omit the zlib frame (RFC 9110 section 8.4.1.2), whose first byte has method 8
      // in its lower four bits.
      return (first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
  }
}

function decodingFault(error: unknown): ForebayError {
  if (error instanceof ForebayError) return error;
  return originFault('origin-protocol', 'the body cannot be decoded by its content coding');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
