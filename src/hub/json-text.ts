/**
 * Scans one JSON text of a hub: finds the parts to cut (hub/strip-xet), its length, and an
 * entity-tag for the rest. Used by hub/json-answers and the thread of hub/scan-pool.
 */
import { createHash } from 'node:crypto';
import { ForebayError } from '../model/errors.js';
import { type Found, XetScan } from './strip-xet.js';

/**
 * Identifies the rules of cutting. It is hashed into the tag, which stands for the cut text: change
 * it with the rules.
 */
const RULES = 'forebay 1';

export interface Read extends Found {
  /** The length before cutting. */
  readonly rawBytes: number;
  /** A strong entity-tag of the text after cutting. */
  readonly etag: string;
}

/** Scans one text piece by piece; throws as `XetScan` does. */
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

/** Scans a short text. Throws `origin-protocol` when it is not JSON. */
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
  return new ForebayError('origin-protocol', "the hub's answer is not valid JSON", {
    source: 'origin',
    retryable: true,
    cause,
  });
}
