/**
 * Finds the end of one response body on a lean connection (RFC 9112 section 6.3): after a declared
 * length, after the last chunk, or at the end of the connection. Used by lean-exchange.
 */
import type { ForebayError } from '../model/errors.js';
import { ChunkedBody } from './chunked-body.js';
import type { BodyFraming } from './response-head.js';
import { resetError } from './transport-error.js';

export class BodyFrame {
  readonly #chunked: ChunkedBody | undefined;
  /** Bytes until the declared length; Infinity where no length was declared. */
  #remaining: number;

  constructor(framing: BodyFraming) {
    this.#chunked = framing.kind === 'chunked' ? new ChunkedBody() : undefined;
    this.#remaining = bodyLength(framing);
  }

  /** True once the declared length or the last chunk has been received. */
  get whole(): boolean {
    return this.#chunked?.done ?? this.#remaining === 0;
  }

  /**
   * The number of next bytes that are content without framing between them, so that a read may
   * place them in the sink's memory directly. 0 for a chunked body.
   */
  get directBytes(): number {
    return this.#chunked === undefined ? this.#remaining : 0;
  }

  /** Counts content bytes that a read placed in the sink's memory directly. */
  landed(count: number): void {
    this.#remaining -= count;
  }

  /**
   * Passes the content of `bytes` to `content`. Returns how many of the bytes belong to the body.
   * Bytes after its end belong to no response (RFC 9112 section 6.3), and the caller must not reuse
   * the connection. Throws `origin-protocol` for a malformed chunked coding.
   */
  take(bytes: Uint8Array, content: (piece: Uint8Array) => void): number {
    if (this.#chunked !== undefined) return this.#chunked.push(bytes, content);
    const taken = bytes.subarray(0, this.#remaining);
    this.#remaining -= taken.length;
    if (taken.length > 0) content(taken);
    return taken.length;
  }

  /**
   * Returns the error of a connection that ended now; `undefined` where the body is complete or may
   * end with the connection.
   */
  atEnd(): ForebayError | undefined {
    if (this.whole || (this.#chunked === undefined && this.#remaining === Infinity))
      return undefined;
    if (this.#chunked !== undefined) return resetError('the body ended before its last chunk');
    return resetError(`the body is ${String(this.#remaining)} bytes short`);
  }
}

/** Returns the body bytes that a framing declares; Infinity where it declares no length. */
export function bodyLength(framing: BodyFraming): number {
  switch (framing.kind) {
    case 'none':
    case 'beyond':
      return 0;
    case 'length':
      return framing.bytes;
    case 'until-close':
    case 'chunked':
      return Infinity;
  }
}
