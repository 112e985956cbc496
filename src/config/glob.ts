/**
 * Path patterns of the configuration (`digests[].pattern`, `pinned`), matched against request paths. Pure.
 * A client chooses the path, and each request is compared with every pattern.
 */

/** Tokens that are no character to be found literally. */
const ONE = -1;
const STAR = -2;
const ANY = -3;

/**
 * Whether the whole of `path` fits `pattern`: `*` stands for any characters but `/`, `**` for any
 * characters, `?` for one that is not `/`; everything else for itself.
 *
 * What stands before the first and behind the last wildcard is compared at once. Between them the path
 * is stepped through with all positions of the pattern that fit so far, so that a hostile path costs
 * its length times the pattern's and no more.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const first = pattern.search(/[*?]/);
  if (first === -1) return pattern === path;
  const behind = Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?')) + 1;
  const tail = path.length - (pattern.length - behind);
  if (tail < first || !path.startsWith(pattern.slice(0, first))) return false;
  if (!path.endsWith(pattern.slice(behind))) return false;
  return steps(tokenise(pattern.slice(first, behind)), path.slice(first, tail));
}

/** The wildcards and characters of a pattern, as code points where they are characters. */
function tokenise(pattern: string): Int32Array {
  const tokens: number[] = [];
  for (const character of pattern) {
    if (character === '?') tokens.push(ONE);
    else if (character !== '*') tokens.push(character.codePointAt(0) ?? 0);
    else if (tokens.at(-1) === STAR) tokens[tokens.length - 1] = ANY;
    else tokens.push(STAR);
  }
  return Int32Array.from(tokens);
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

  /** A star may stand for nothing: every position behind one is reached with it. */
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
