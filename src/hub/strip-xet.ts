/**
 * Takes out of a hub's JSON what would lead clients away from plain HTTP: keys that speak of Xet, at
 * any depth. A client that finds one of them in a listing goes to the Xet servers by itself. Pure.
 */
import { isTooLongForHttp } from './xet.js';

const XET_KEYS: ReadonlySet<string> = new Set(['xetHash', 'xetEnabled']);

export interface Stripped {
  readonly text: string;
  /** It names a file that clients can have from Xet alone, with its key. */
  readonly isXetKept: boolean;
}

/**
 * The JSON text without those keys, otherwise as it was. Throws a `SyntaxError` for what is no JSON.
 * `JSON.parse` makes `__proto__` an own key like any other, so nothing here reaches a prototype.
 */
export function stripXet(json: string): Stripped {
  let isXetKept = false;
  /** A reviver: it sees every object from the inside out, with no recursion of ours. */
  function withoutXet(this: unknown, key: string, value: unknown): unknown {
    if (!XET_KEYS.has(key) || Array.isArray(this)) return value;
    if (key !== 'xetHash' || !isTooLongForHttp(sizeOf(this))) return undefined;
    isXetKept = true;
    return value;
  }
  const text = JSON.stringify(JSON.parse(json, withoutXet));
  return { text, isXetKept };
}

/** What an entry of a listing says of its file's length, in bytes. */
function sizeOf(entry: unknown): number {
  const { size } = entry as { readonly size?: unknown };
  return typeof size === 'number' ? size : 0;
}
