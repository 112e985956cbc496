/**
 * Where one response's body ends on the lean reader's connection (RFC 9112 section 6.3): by a
 * length, by its last chunk, or with the connection. Fed by lean-exchange.
 */
import type { ForebayError } from '../model/errors.js';
import { ChunkedBody } from './chunked-body.js';
import type { BodyFraming } from './response-head.js';
import { resetError } from './transport-error.js';

export class BodyFrame {
  readonly #chunked: ChunkedBody | undefined;
  /** Infinity where only the end of the body tells. */
  #remaining: number;

  constructor(framing: BodyFraming) {
    this.#chunked = framing.kind === 'chunked' ? new ChunkedBody() : undefined;
    this.#remaining = bodyLength(framing);
  }

  /** True once every byte is here that the body says it has. */
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
   * Hands the content of `bytes` on. Returns how many of the bytes belong to the body: what comes
   * after its end is no part of any response (RFC 9112 section 6.3), and the connection that
   * brought it brings no other. Throws `origin-protocol` for a chunked coding that is broken.
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

/** Body bytes that a framing promises; Infinity where only the end of the body tells. */
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
