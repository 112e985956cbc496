/**
 * What is read of one JSON text of a hub: what clients are not to see of it, its length and its
 * tag.
 */
import { createHash } from 'node:crypto';
import { ForebayError } from '../model/errors.js';
import { type Found, XetScan } from './strip-xet.js';

/** Names the rules by which texts are cut: the tag is of what clients get, not of what came. */
const RULES = 'forebay 1';

export interface Read extends Found {
  /** Bytes as they came. */
  readonly rawBytes: number;
  /** A strong entity-tag of what is left. */
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

/** Reads a text that is short. Throws a `ForebayError` for what is no JSON. */
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
