/**
 * Rewrites a hub's JSON for clients: cuts the members of Xet, and points the link to the next page
 * at this mirror. Short text is rewritten in memory. Long text is scanned on a thread
 * (hub/scan-pool) and sent from the store without the cuts. Results are remembered by the stored
 * body's name, so that a hit scans nothing. Used by hub/api and hub/paths-info.
 */
import { LRUCache } from 'lru-cache';
import type { Body, CacheAnswer } from '../cache/api/facade.js';
import { codingOf } from '../model/content-coding.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { Upstream } from '../origin/upstream.js';
import { bytesAnswer } from './answers.js';
import { cutBody } from './cut-body.js';
import { decodedPieces } from './decoded.js';
import { type Read, readText } from './json-text.js';
import { linkForClients } from './link.js';
import { gathered, PIECE_BYTES, piecesOf, type ReadBounds, tooLong } from './read-body.js';
import type { ScanPool } from './scan-pool.js';
import { withoutCuts } from './strip-xet.js';

/** Fields of the hub's answer that clients get, beside Link. */
const CLIENT_FIELDS = ['content-type', 'date', 'x-repo-commit', 'x-total-count'];

/** Returns the fields of the hub's answer that `JsonAnswers` reads. */
export function readFields(headers: HeaderMap): HeaderMap {
  return pick(headers, [...CLIENT_FIELDS, 'link']);
}

/** The longest text scanned on the main thread: some 2 ms, not worth a trip to another thread. */
const SHORT_BYTES = 256 * 1024;

/** The longest text that is scanned at all: a million files take some 100 MiB. */
const MAX_TEXT_BYTES = 1024 * 1024 * 1024;

/** Memory for remembered results. */
const MADE_BYTES = 16 * 1024 * 1024;

/** Memory of an entry beside its bytes: its key, its tag, the map's own. */
const ENTRY_BYTES = 1024;

/** The result of scanning one text. */
export interface Made {
  readonly read: Read;
  /** The text without its cuts; `null`: it is sent from the store instead. */
  readonly bytes: Uint8Array | null;
}

/**
 * `isXetKept`: it names a file that clients can download by Xet alone. `holdsBody`: its body reads
 * from the hub's body.
 */
export type JsonAnswer = CacheAnswer & {
  readonly isXetKept: boolean;
  readonly holdsBody: boolean;
};

/** The request that an answer is for. */
export interface AnswerReader {
  readonly upstream: Upstream;
  /** The request target: a relative next page resolves against it (RFC 8288 section 3.2). */
  readonly target: string;
  /** The mirror's URL as the client addresses it. */
  readonly own: string;
  readonly bounds: ReadBounds;
}

type HubJson = Pick<CacheAnswer, 'headers' | 'body' | 'outcome'>;

export class JsonAnswers {
  readonly #pool: ScanPool;
  /** By body name. */
  readonly #made = new LRUCache<string, Made>({
    maxSize: MADE_BYTES,
    sizeCalculation: ({ bytes, read }) => (bytes?.length ?? 0) + read.cuts.byteLength + ENTRY_BYTES,
  });

  constructor(pool: ScanPool) {
    this.#pool = pool;
  }

  /**
   * Returns the hub's answer as clients get it. Reads the body; the caller closes it unless the
   * result has `holdsBody`. Rejects with a `ForebayError`: `origin-protocol` for text that is not
   * JSON, or whose next page is at another host.
   */
  async answer({ headers, body, outcome }: HubJson, reader: AnswerReader): Promise<JsonAnswer> {
    // Before `fieldsFor`, which may throw: the caller then removes the answer from the store, and a
    // body that is still arriving would be stored after that.
    const made = await this.#make(body, codingOf(headers), reader.bounds);
    const fields = fieldsFor(headers, reader);
    const { read, bytes } = made;
    if (bytes !== null) return inMemory(fields, { read, bytes }, outcome);
    const { cuts, rawBytes, isXetKept, etag } = read;
    fields['etag'] = etag;
    const cut = cutBody(body, { rawBytes, cuts, bounds: reader.bounds });
    const answer = { status: 200, headers: fields, ageSeconds: null, outcome, body: cut };
    return { ...answer, isXetKept, holdsBody: true };
  }

  /** Scans a text that is in memory, and cuts it. Rejects as `answer` does. */
  async make(raw: Buffer): Promise<Made & { readonly bytes: Uint8Array }> {
    const read = raw.length <= SHORT_BYTES ? readText(raw) : await this.#pool.read(slices(raw));
    return { read, bytes: withoutCuts(raw, read.cuts) };
  }

  /** Returns an answer whose content is an earlier result of `make`. */
  answerOf(
    headers: HeaderMap,
    made: Made & { readonly bytes: Uint8Array },
    outcome: CacheAnswer['outcome'],
    reader: Omit<AnswerReader, 'bounds'>,
  ): JsonAnswer {
    return inMemory(fieldsFor(headers, reader), made, outcome);
  }

  async #make(body: Body, coding: string, bounds: ReadBounds): Promise<Made> {
    const known = this.#known(body);
    if (known !== undefined) return known;
    const pieces = decodedPieces(piecesOf(body, bounds), coding);
    try {
      const { beginning, isAll } = await beginningOf(pieces);
      if (isAll) return this.#remember(body, await this.make(beginning));
      const text = bounded(beginning, pieces);
      // Cuts are offsets in the stored bytes, so that a text stored with a coding is cut in memory.
      if (!body.isKept || coding !== '') return await this.make(await gathered(text));
      const read = await this.#pool.read(text);
      // The body has its name once it is stored.
      await body.landed?.();
      return this.#remember(body, { read, bytes: null });
    } finally {
      await pieces.return(undefined);
    }
  }

  #known(body: Body): Made | undefined {
    const name = body.name?.();
    return name === undefined ? undefined : this.#made.get(name);
  }

  #remember(body: Body, made: Made): Made {
    const name = body.name?.();
    if (name !== undefined) this.#made.set(name, made);
    return made;
  }
}

function inMemory(
  fields: HeaderMap,
  { read, bytes }: Made & { readonly bytes: Uint8Array },
  outcome: CacheAnswer['outcome'],
): JsonAnswer {
  const headers = Object.assign(emptyHeaders(), fields, { etag: read.etag });
  const answer = bytesAnswer(200, headers, bytes, outcome);
  return { ...answer, isXetKept: read.isXetKept, holdsBody: false };
}

function fieldsFor(headers: HeaderMap, reader: Omit<AnswerReader, 'bounds'>): HeaderMap {
  const fields = pick(headers, CLIENT_FIELDS);
  const link = linkForClients(headerValue(headers, 'link'), reader);
  if (link !== undefined) fields['link'] = link;
  return fields;
}

function pick(headers: HeaderMap, names: readonly string[]): HeaderMap {
  const picked = emptyHeaders();
  for (const name of names) {
    const value = headerValue(headers, name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** Reads pieces until they exceed `SHORT_BYTES`. `isAll`: the text ended before that. */
async function beginningOf(
  pieces: AsyncGenerator<Buffer>,
): Promise<{ readonly beginning: Buffer; readonly isAll: boolean }> {
  const taken: Buffer[] = [];
  let length = 0;
  while (length <= SHORT_BYTES) {
    const next = await pieces.next();
    if (next.done === true) return { beginning: Buffer.concat(taken), isAll: true };
    taken.push(next.value);
    length += next.value.length;
  }
  return { beginning: Buffer.concat(taken), isAll: false };
}

async function* bounded(beginning: Buffer, others: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let length = beginning.length;
  yield beginning;
  for await (const piece of others) {
    length += piece.length;
    if (length > MAX_TEXT_BYTES) throw tooLong(MAX_TEXT_BYTES);
    yield piece;
  }
}

/** Yields copies of `raw`, piece by piece: their memory is transferred to the scan thread. */
// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
async function* slices(raw: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < raw.length; at += PIECE_BYTES) {
    const part = raw.subarray(at, at + PIECE_BYTES);
    const own = Buffer.alloc(part.length);
    own.set(part);
    yield own;
  }
}
