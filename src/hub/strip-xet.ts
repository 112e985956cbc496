/**
 * Finds the members of a hub's JSON about Xet, at any depth, which lead clients away from plain
 * HTTP: a client that finds one in a listing goes to the Xet servers. Used by hub/json-answers, and
 * on the thread of hub/scan-pool.
 */
import { JsonReader, type Member } from './json-reader.js';
import { isTooLongForHttp } from './xet.js';

/** Members that are cut from one text, of 16 bytes each: listings name each file's key once. */
export const MAX_CUTS = 500_000;

/** Where the text is to be cut: `[start, end, start, end, ...]`, in order and apart. */
export type Cuts = Float64Array;

export interface Found {
  readonly cuts: Cuts;
  /** It names a file that clients can have from Xet alone, with its key. */
  readonly isXetKept: boolean;
}

/** A member that is to be cut, or may be: that is known when its object ends. */
interface Suspect {
  readonly member: Member;
  /** A member that stays precedes it. */
  readonly isPreceded: boolean;
}

/** An object that is open. */
interface Entry {
  /** The file's length in bytes; the last one counts. */
  size: number;
  hasKept: boolean;
  readonly suspects: Suspect[];
}

/**
 * Scans one text. `feed` and `end` throw a `SyntaxError` for malformed JSON, or for too many cuts.
 */
export class XetScan {
  readonly #reader: JsonReader;
  readonly #entries: Entry[] = [];
  readonly #cuts: number[] = [];
  #suspects = 0;
  #isXetKept = false;

  constructor() {
    this.#reader = new JsonReader({
      opened: () => {
        this.#entries.push({ size: 0, hasKept: false, suspects: [] });
      },
      member: (member) => {
        this.#member(member);
      },
      closed: () => {
        this.#decide(this.#entries.pop());
      },
    });
  }

  /** The bytes of the text, in order. */
  feed(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
  }

  /** No byte follows. */
  end(): Found {
    this.#reader.end();
    return { cuts: merged(this.#cuts), isXetKept: this.#isXetKept };
  }

  #member(member: Member): void {
    const entry = this.#entries.at(-1);
    if (entry === undefined) return;
    const { key, number } = member;
    if (key === 'size') entry.size = number ?? 0;
    if (key === 'xetHash' || key === 'xetEnabled') {
      this.#suspects += 1;
      if (this.#suspects > MAX_CUTS) throw new SyntaxError('too many members are about Xet');
      entry.suspects.push({ member, isPreceded: entry.hasKept });
    } else entry.hasKept = true;
  }

  /** The size of a file may come after the key that depends on it. */
  #decide(entry: Entry | undefined): void {
    if (entry === undefined || entry.suspects.length === 0) return;
    const isKept = isTooLongForHttp(entry.size);
    let hasKeptHash = false;
    for (const { member, isPreceded } of entry.suspects) {
      const { key, start, end, isFollowed } = member;
      if (key === 'xetHash' && isKept) {
        this.#isXetKept = true;
        hasKeptHash = true;
      } else if (isPreceded || hasKeptHash) this.#cuts.push(start - 1, end);
      else this.#cuts.push(start, isFollowed ? end + 1 : end);
    }
  }
}

/** The bytes without the cuts. */
export function withoutCuts(bytes: Uint8Array, cuts: Cuts): Uint8Array {
  if (cuts.length === 0) return bytes;
  const kept = Buffer.alloc(bytes.length);
  let length = 0;
  let from = 0;
  for (let index = 0; index < cuts.length; index += 2) {
    const part = bytes.subarray(from, cuts[index] ?? 0);
    kept.set(part, length);
    length += part.length;
    from = cuts[index + 1] ?? 0;
  }
  kept.set(bytes.subarray(from), length);
  return kept.subarray(0, length + bytes.length - from);
}

/** A later cut may lie before or around an earlier one. */
function merged(cuts: readonly number[]): Cuts {
  const pairs: [number, number][] = [];
  for (let index = 0; index < cuts.length; index += 2) {
    pairs.push([cuts[index] ?? 0, cuts[index + 1] ?? 0]);
  }
  pairs.sort(([a], [b]) => a - b);
  const apart: number[] = [];
  for (const [start, end] of pairs) {
    const last = apart.at(-1);
    if (last === undefined || start > last) apart.push(start, end);
    else apart[apart.length - 1] = Math.max(last, end);
  }
  return Float64Array.from(apart);
}
