/**
 * JSON of a hub as clients get it: without Xet, its next page on this mirror. What was read and written
 * anew is remembered, since a long listing takes the main thread tens of milliseconds.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheAnswer } from '../cache/answer.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { Upstream } from '../origin/upstream.js';
import { bytesAnswer } from './answers.js';
import { linkForClients } from './link.js';
import { type Stripped, stripXet } from './strip-xet.js';

/** Fields of the hub's answer that clients read, beside Link. */
const TOLD_FIELDS = ['content-type', 'date', 'x-repo-commit', 'x-total-count'];

/** What a `JsonAnswers` reads of the hub's fields. */
export function readFields(headers: HeaderMap): HeaderMap {
  return pick(headers, [...TOLD_FIELDS, 'link']);
}

/** Memory for what was made of JSON. */
const MADE_BYTES = 16 * 1024 * 1024;

/** What an entry takes beside its bytes: its key, its tag, the map's own. */
const ENTRY_BYTES = 512;

/** A JSON answer of the hub, as it came. */
export interface HubJson {
  readonly headers: HeaderMap;
  readonly raw: Buffer;
  readonly outcome: CacheAnswer['outcome'];
}

interface Made {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly isXetKept: boolean;
}

/** `isXetKept`: it names a file that clients can have from Xet alone. */
export type JsonAnswer = CacheAnswer & Pick<Made, 'isXetKept'>;

export class JsonAnswers {
  /** By the SHA-256 of what it was made of. */
  readonly #made = new LRUCache<string, Made>({
    maxSize: MADE_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length + ENTRY_BYTES,
  });

  /** For clients, who call us `own`. Throws a `ForebayError` for what is no JSON. */
  answer({ headers, raw, outcome }: HubJson, upstream: Upstream, own: string): JsonAnswer {
    const told = pick(headers, TOLD_FIELDS);
    const link = linkForClients(headerValue(headers, 'link'), upstream.uriOf(''), own);
    if (link !== undefined) told['link'] = link;
    const { bytes, etag, isXetKept } = this.#make(raw);
    told['etag'] = etag;
    return { ...bytesAnswer(200, told, bytes, outcome), isXetKept };
  }

  #make(raw: Buffer): Made {
    const key = sha256(raw);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const { text, isXetKept } = stripped(raw);
    const bytes = Buffer.from(text);
    const made = { bytes, etag: `"${sha256(bytes)}"`, isXetKept };
    this.#made.set(key, made);
    return made;
  }
}

function pick(headers: HeaderMap, names: readonly string[]): HeaderMap {
  const picked = emptyHeaders();
  for (const name of names) {
    const value = headerValue(headers, name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

function stripped(raw: Buffer): Stripped {
  try {
    return stripXet(raw.toString('utf8'));
  } catch (error) {
    throw new ForebayError('origin-protocol', 'the hub sent what is no JSON', {
      source: 'origin',
      retryable: true,
      cause: error,
    });
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
