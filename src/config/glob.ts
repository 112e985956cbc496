/**
 * Matches text against glob patterns of the configuration: for paths (config/path-pattern) and
 * repositories (hub/credentials). The text comes from clients and each request is matched against
 * every pattern, so the cost is bounded. Pure.
 */

/** Tokens of wildcards; other tokens are code points. */
const ONE = -1;
const STAR = -2;
const ANY = -3;

const WILDCARDS: ReadonlyMap<string, number> = new Map([
  ['?', ONE],
  ['*', STAR],
  ['**', ANY],
]);

export interface Glob {
  /**
   * Returns true if it fits the whole `text`. The time is at most proportional to the product of
   * both lengths.
   */
  fits(text: string): boolean;
}

/**
 * Compiles a pattern. `*` matches any characters but `/`, `**` any characters, `?` one character
 * but `/`; other parts match themselves after `literally` has converted them. Characters in the
 * result of `literally` are never wildcards.
 */
export function globOf(pattern: string, literally: (part: string) => string = asItIs): Glob {
  const tokens = tokenise(pattern, literally);
  return { fits: (text) => steps(tokens, text) };
}

/** Matches `path` against a pattern that is used only once. */
export function matchesGlob(pattern: string, path: string): boolean {
  return globOf(pattern).fits(path);
}

/** Returns the tokens of a pattern: wildcards and code points. */
function tokenise(pattern: string, literally: (part: string) => string): Int32Array {
  const parts = (pattern.match(/\*\*|\*|\?|[^*?]+/gu) ?? []).map(
    (part) => WILDCARDS.get(part) ?? literally(part),
  );
  const size = (part: string | number) => (typeof part === 'number' ? 1 : part.length);
  const tokens = new Int32Array(parts.reduce((sum: number, part) => sum + size(part), 0));
  let count = 0;
  for (const part of parts) {
    for (const one of typeof part === 'number' ? [part] : codePoints(part)) {
      tokens[count] = one;
      count += 1;
    }
  }
  return tokens.subarray(0, count);
}

function* codePoints(text: string): Generator<number> {
  for (const one of text) yield one.codePointAt(0) ?? 0;
}

function asItIs(part: string): string {
  return part;
}

/** The positions in the pattern that the text so far leads to, in rising order, each once. */
class Positions {
  readonly #tokens: Int32Array;
  readonly #list: Int32Array;
  #count = 0;

  constructor(tokens: Int32Array) {
    this.#tokens = tokens;
    this.#list = new Int32Array(tokens.length + 1);
  }

  /** Adds a position. A star may match nothing, so the position after it is added as well. */
  add(from: number): void {
    for (let position = from; ; position += 1) {
      const token = this.#tokens[position];
      // A rest that fits from an earlier position also fits from the `**`: drop earlier positions.
      if (token === ANY) this.#count = 0;
      if (this.#count === 0 || (this.#list[this.#count - 1] ?? 0) < position) {
        this.#list[this.#count] = position;
        this.#count += 1;
      }
      if (token !== STAR && token !== ANY) return;
    }
  }

  /** Puts into `next` the positions after one more character. Returns false if there is none. */
  step(code: number, next: Positions): boolean {
    next.#count = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const position = this.#list[i] ?? 0;
      const token = this.#tokens[position];
      if (token === ANY || (token === STAR && code !== SLASH)) next.add(position);
      else if (token === code || (token === ONE && code !== SLASH)) next.add(position + 1);
    }
    return next.#count > 0;
  }

  get hasEnd(): boolean {
    return this.#list[this.#count - 1] === this.#tokens.length;
  }
}

const SLASH = 0x2f;

function steps(tokens: Int32Array, text: string): boolean {
  let now = new Positions(tokens);
  let next = new Positions(tokens);
  now.add(0);
  for (const character of text) {
    if (!now.step(character.codePointAt(0) ?? 0, next)) return false;
    [now, next] = [next, now];
  }
  return now.hasEnd;
}
