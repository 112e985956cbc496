/**
 * Patterns of the configuration: of paths (config/path-pattern) and of repositories
 * (hub/credentials). A client chooses the text, and each request is compared with every pattern.
 * Pure.
 */

/** Tokens that are no character to be found literally. */
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
   * Whether it fits the whole of `text`. Costs the text's length times the pattern's, whatever both
   * are.
   */
  fits(text: string): boolean;
}

/**
 * `*` matches any characters but `/`, `**` any characters, `?` one that is not `/`; all else
 * matches itself, as `literally` writes it. The output of `literally` is never a wildcard.
 */
export function globOf(pattern: string, literally: (part: string) => string = asItIs): Glob {
  const tokens = tokenise(pattern, literally);
  return { fits: (text) => steps(tokens, text) };
}

/** Matches a pattern that is used once. */
export function matchesGlob(pattern: string, path: string): boolean {
  return globOf(pattern).fits(path);
}

/** The wildcards and characters of a pattern; characters as code points. */
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

/** The pattern positions that fit so far, in rising order, each once. */
class Positions {
  readonly #tokens: Int32Array;
  readonly #list: Int32Array;
  #count = 0;

  constructor(tokens: Int32Array) {
    this.#tokens = tokens;
    this.#list = new Int32Array(tokens.length + 1);
  }

  /** A star may match nothing: every position after one is reached with it. */
  add(from: number): void {
    for (let position = from; ; position += 1) {
      const token = this.#tokens[position];
      // Whatever fits from before a `**` on fits from there too.
      if (token === ANY) this.#count = 0;
      if (this.#count === 0 || (this.#list[this.#count - 1] ?? 0) < position) {
        this.#list[this.#count] = position;
        this.#count += 1;
      }
      if (token !== STAR && token !== ANY) return;
    }
  }

  /** Puts into `next` what fits with one character more; false where nothing does. */
  step(code: number, next: Positions): boolean {
    next.#count = 0;
    for (let at = 0; at < this.#count; at += 1) {
      const position = this.#list[at] ?? 0;
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
