/**
 * Finds the members about Xet in a hub's JSON, at any depth, so that they can be cut: a client that
 * sees one in a listing downloads from the Xet servers, past this mirror. Used by hub/json-text,
 * also on the thread of hub/scan-pool; hub/json-answers and hub/cut-body cut.
 */
import { JsonReader, type Member } from './json-reader.js';
import { isTooLongForHttp } from './xet.js';

/** Members about Xet in one text, 16 bytes each; listings have one for each file. */
export const MAX_CUTS = 500_000;

/** The byte ranges to cut: `[start, end, start, end, ...]`, in order and without overlap. */
export type Cuts = Float64Array;

export interface Found {
  readonly cuts: Cuts;
  /** True when the text keeps the Xet hash of a file that clients can download by Xet alone. */
  readonly isXetKept: boolean;
}

/** A member about Xet. Whether it is cut is known when its object ends. */
interface Suspect {
  readonly member: Member;
  /** True when a member that is not cut precedes it. */
  readonly isPreceded: boolean;
}

/** An open object. */
interface Entry {
  /** Its member `size`, the file's length in bytes; the last one counts. */
  size: number;
  hasKept: boolean;
  readonly suspects: Suspect[];
}

/**
 * Scans one text. `feed` and `end` throw a `SyntaxError` when it is not JSON, or has more than
 * `MAX_CUTS` members about Xet.
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

  /** Scans the next bytes of the text. */
  feed(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
  }

  /** Ends the text. */
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
      if (this.#suspects > MAX_CUTS) throw new SyntaxError('too many members about Xet');
      entry.suspects.push({ member, isPreceded: entry.hasKept });
    } else entry.hasKept = true;
  }

  /** Decides at the end of an object which members to cut: `size` may follow `xetHash`. */
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

/** Returns the bytes without the cuts. */
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

/** Sorts and joins cuts: a cut found later may precede or contain an earlier one. */
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
