/**
 * Takes the content coding off a body as it arrives, piece by piece. Used by response-sink where an
 * object is known by the digest of its plain bytes and an origin sends it coded all the same.
 */
import zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Decodable } from '../model/content-coding.js';
import { ForebayError } from '../model/errors.js';
import { originFault } from './faults.js';

/**
 * What a coding may add to bytes that it cannot make smaller: a few in each block, and its frame.
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
   * `output` receives the plain bytes in order, one piece at a time; an error that it throws ends
   * the decoding. `plainBytes`: the expected number of them, which bounds the coded ones.
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
   * Decodes `bytes`, which may be used again once this has settled. Rejects with what `output`
   * threw, or with `origin-protocol` for content that is not so coded.
   */
  async push(bytes: Uint8Array): Promise<void> {
    this.#seenBytes += bytes.length;
    if (this.#seenBytes > this.#maxBytes) {
      throw originFault('origin-protocol', 'a coded body that is far longer than its content');
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
        // One that was destroyed meanwhile takes its input all the same.
        const cause = error ?? stream.errored;
        if (cause === null) resolve();
        else failed(cause);
      });
    });
  }

  /** The body has ended: outputs the rest. Rejects as `push` does, also for a truncated body. */
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

  /** Ends the decoding, in any state. */
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
    // Reported by the next `push` or `end`.
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
      // Some servers leave the zlib frame out (RFC 9110 section 8.4.1.2), whose first byte names
      // method 8.
      return (first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
  }
}

function decodingFault(error: unknown): ForebayError {
  if (error instanceof ForebayError) return error;
  return originFault('origin-protocol', 'a body that cannot be decoded');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
