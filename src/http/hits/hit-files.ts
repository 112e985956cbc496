/**
 * The chunks that a hit server has open: each is leased, so not evicted, until the server has
 * closed its descriptor of it. Owned by http/hits/hit-front.
 */
import { read as readDescriptor } from 'node:fs';
import { promisify } from 'node:util';
import type { OpenPart, ReusableHit } from '../../cache/api/facade.js';
import type { HitServer } from '../../compute/hit-server.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { OpenFile } from '../../model/segment.js';
import type { ObjectOffset } from '../../model/offset.js';

const read = promisify(readDescriptor);

/** Chunks granted at a time: 16 GiB of the largest. Revoked ones stay leased while in use. */
export const MAX_HIT_FILES = 256;

/** How long a grant of a chunk is valid. */
const FILE_MS = 1000;

/** A chunk that was not granted again for so long is closed. */
const UNUSED_MS = 3 * FILE_MS;

/**
 * After a release under pressure, how long no chunk is opened: a fill that needs room looks every
 * 20 ms (cache/fill/reserve), and popular chunks would be leased again by then.
 */
const PRESSURE_MS = 100;

/** An open chunk; its file begins at `begin`. */
export interface HitFile {
  readonly file: OpenFile;
  readonly begin: ObjectOffset;
  /** A second call does nothing. */
  release(): void;
}

interface Entry {
  readonly key: string;
  readonly token: number;
  readonly number: number;
  readonly begin: ObjectOffset;
  readonly open: OpenPart;
  /** The server's, and one for each answer that is finished elsewhere. */
  uses: number;
  grantedAt: number;
}

export class HitFiles {
  readonly #server: Pick<HitServer, 'open' | 'keep' | 'revoke'>;
  /** By number: all whose descriptors are open. */
  readonly #open = new Map<number, Entry>();
  /** By target and position, those that may be used; least lately granted first. */
  readonly #granted = new Map<string, Entry>();
  #lastNumber = 0;
  #opensAgainAt = -Infinity;

  constructor(server: Pick<HitServer, 'open' | 'keep' | 'revoke'>) {
    this.#server = server;
  }

  /** Chunks that are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Grants the server the chunk with the bytes `start <= i < end` for `token`. False if the chunk
   * is not open and verified. To be called in the same turn as `HotHits.timesOf`.
   */
  grant(token: number, reusable: ReusableHit, start: number, end: number, nowMs: number): boolean {
    if (nowMs < this.#opensAgainAt) return false;
    const open = reusable.open(start, end);
    if (open === undefined) return false;
    const begin = start - open.offset;
    const key = `${String(token)}:${String(begin)}`;
    const known = this.#granted.get(key);
    if (known?.open.file === open.file) {
      open.release();
      this.#server.keep(token, known.number, FILE_MS);
      this.#used(known, nowMs);
      return true;
    }
    if (known !== undefined) this.#revoke(known);
    return this.#opened({ key, token, begin, open }, nowMs);
  }

  /** A chunk that the server has open, to send the rest of an answer from. */
  retain(number: number): HitFile | undefined {
    const entry = this.#open.get(number);
    if (entry === undefined) return undefined;
    entry.uses += 1;
    const { begin, open } = entry;
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#release(entry);
      isHeld = false;
    };
    return { file: open.file, begin, release };
  }

  /** Has bytes of an open chunk read into the page cache, on a thread of node's. Never rejects. */
  async readIn(number: number, { start, end }: ByteRange): Promise<void> {
    const open = this.retain(number);
    if (open === undefined) return;
    // Not kept: it is the page cache that is to have them.
    const bytes = Buffer.allocUnsafe(end - start);
    await read(open.file.fd, bytes, 0, bytes.length, start - open.begin).catch(() => undefined);
    open.release();
  }

  /** The server has closed it. */
  closed(number: number): void {
    const entry = this.#open.get(number);
    if (entry === undefined) return;
    this.#open.delete(number);
    this.#forget(entry);
    this.#release(entry);
  }

  /** Revokes chunks that were not granted lately. */
  sweep(nowMs: number): void {
    for (const entry of [...this.#granted.values()]) {
      if (nowMs - entry.grantedAt < UNUSED_MS) return;
      this.#revoke(entry);
    }
  }

  /** Revokes all, and grants none for `PRESSURE_MS`: a fill needs room. */
  relieve(nowMs: number): void {
    this.#opensAgainAt = nowMs + PRESSURE_MS;
    this.revokeAll();
  }

  /** Revokes all; each is released when its last answer has ended. */
  revokeAll(): void {
    for (const entry of [...this.#granted.values()]) this.#revoke(entry);
  }

  /** The server is closed, and with it all its descriptors. */
  allClosed(): void {
    for (const number of [...this.#open.keys()]) this.closed(number);
  }

  #opened(
    { key, token, begin, open }: Pick<Entry, 'key' | 'token' | 'begin' | 'open'>,
    nowMs: number,
  ): boolean {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const entry = { key, token, number, begin, open, uses: 1, grantedAt: nowMs };
    try {
      const range = { begin, end: begin + open.fileLength };
      this.#server.open(token, { number, fd: open.file.fd }, range, FILE_MS);
    } catch {
      // Out of descriptors: it is sent in another way.
      open.release();
      return false;
    }
    this.#open.set(number, entry);
    this.#used(entry, nowMs);
    const [oldest] = this.#granted.values();
    if (this.#granted.size > MAX_HIT_FILES && oldest !== undefined) this.#revoke(oldest);
    return true;
  }

  #used(entry: Entry, nowMs: number): void {
    entry.grantedAt = nowMs;
    this.#granted.delete(entry.key);
    this.#granted.set(entry.key, entry);
  }

  #revoke(entry: Entry): void {
    this.#forget(entry);
    this.#server.revoke(entry.token, entry.number);
  }

  #forget(entry: Entry): void {
    if (this.#granted.get(entry.key) === entry) this.#granted.delete(entry.key);
  }

  #release(entry: Entry): void {
    entry.uses -= 1;
    if (entry.uses === 0) entry.open.release();
  }
}
