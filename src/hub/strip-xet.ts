/**
 * Takes out of a hub's JSON what would lead clients away from plain HTTP: keys that speak of Xet, at
 * any depth. A client that finds one of them in a listing goes to the Xet servers by itself. Pure.
 */

const XET_KEYS: ReadonlySet<string> = new Set(['xetHash', 'xetEnabled']);

/**
 * The JSON text without those keys, otherwise as it was. Throws a `SyntaxError` for what is no JSON.
 * `JSON.parse` makes `__proto__` an own key like any other, so nothing here reaches a prototype.
 */
export function stripXet(json: string): string {
  return JSON.stringify(JSON.parse(json, withoutXet));
}

/** A reviver: it sees every object from the inside out, with no recursion of ours. */
function withoutXet(this: unknown, key: string, value: unknown): unknown {
  return XET_KEYS.has(key) && !Array.isArray(this) ? undefined : value;
}
