/**
 * The result of reading a hub's JSON text: the parts to cut, its length and its tag.
 */
import { createHash } from 'node:crypto';
import { ForebayError } from '../model/errors.js';
import { type Found, XetScan } from './strip-xet.js';

/** Version of the cutting rules, part of the tag: the tag is of what clients get. */
const RULES = 'forebay 1';

export interface Read extends Found {
  /** Bytes as they came. */
  readonly rawBytes: number;
  /** A strong entity-tag of the remaining text. */
  readonly etag: string;
}

/** Reads one text; throws as `XetScan` does. */
export class TextReader {
  readonly #scan = new XetScan();
  readonly #hash = createHash('sha256').update(RULES);
  #rawBytes = 0;

  feed(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#scan.feed(bytes);
    this.#rawBytes += bytes.length;
  }

  end(): Read {
    const found = this.#scan.end();
    return { ...found, rawBytes: this.#rawBytes, etag: `"${this.#hash.digest('hex')}"` };
  }
}

/** Reads a short text. Throws a `ForebayError` for malformed JSON. */
export function readText(bytes: Uint8Array): Read {
  const reader = new TextReader();
  try {
    reader.feed(bytes);
    return reader.end();
  } catch (error) {
    throw error instanceof SyntaxError ? noJson(error) : error;
  }
}

export function noJson(cause?: unknown): ForebayError {
  return new ForebayError('origin-protocol', 'the hub sent what is no JSON', {
    source: 'origin',
    retryable: true,
    cause,
  });
}
