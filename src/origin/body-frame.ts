/**
 * Finds the end of one response's body on the lean reader's connection (RFC 9112 section 6.3): by
 * its length, by its last chunk, or by the end of the connection. Fed by lean-exchange.
 */
import type { ForebayError } from '../model/errors.js';
import { ChunkedBody } from './chunked-body.js';
import type { BodyFraming } from './response-head.js';
import { resetError } from './transport-error.js';

export class BodyFrame {
  readonly #chunked: ChunkedBody | undefined;
  /** Infinity if the connection delimits the body. */
  #remaining: number;

  constructor(framing: BodyFraming) {
    this.#chunked = framing.kind === 'chunked' ? new ChunkedBody() : undefined;
    this.#remaining = bodyLength(framing);
  }

  /** True once the body is complete. */
  get whole(): boolean {
    return this.#chunked?.done ?? this.#remaining === 0;
  }

  /** Bytes that are all content: a read may land where content goes. */
  get directBytes(): number {
    return this.#chunked === undefined ? this.#remaining : 0;
  }

  /** So many bytes of content landed there. */
  landed(count: number): void {
    this.#remaining -= count;
  }

  /**
   * Passes the content of `bytes` on, and returns how many of the bytes belong to the body. Bytes
   * after its end belong to no response (RFC 9112 section 6.3), and their connection is not reused.
   * Throws `origin-protocol` for broken chunked coding.
   */
  take(bytes: Uint8Array, content: (piece: Uint8Array) => void): number {
    if (this.#chunked !== undefined) return this.#chunked.push(bytes, content);
    const wanted = bytes.subarray(0, this.#remaining);
    this.#remaining -= wanted.length;
    if (wanted.length > 0) content(wanted);
    return wanted.length;
  }

  /** What an end of the connection means for it; `undefined` where that is its end. */
  atEnd(): ForebayError | undefined {
    if (this.whole || (this.#chunked === undefined && this.#remaining === Infinity))
      return undefined;
    if (this.#chunked !== undefined) return resetError('the body ended before its last chunk');
    return resetError(`the body is ${String(this.#remaining)} bytes short`);
  }
}

/** Length of the body that a framing promises; Infinity if the connection delimits it. */
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
