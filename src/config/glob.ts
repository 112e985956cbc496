/**
 * Patterns of the configuration: of paths (config/path-pattern) and of repositories (hub/credentials).
 * Pure.
 */

export interface Glob {
  /** Whether it fits the whole of `text`. Costs the text's length times the pattern's, whatever both are. */
  fits(text: string): boolean;
}

/**
 * `*` stands for any characters but `/`, `**` for any characters, `?` for one that is not `/`; everything
 * else for itself, as `literally` writes it. What `literally` makes is no wildcard.
 */
export function globOf(pattern: string, literally: (part: string) => string = asItIs): Glob {
  const tokens = tokenise(pattern, literally);
  const begin = skipStars(new Set([0]), tokens);
  return { fits: (text) => fits(tokens, begin, text) };
}

/** The same for a pattern that is asked once. */
export function matchesGlob(pattern: string, path: string): boolean {
  return globOf(pattern).fits(path);
}

/**
 * Steps through the text with the set of all pattern positions that fit so far, so a hostile one costs
 * its length times the pattern's and no more.
 */
function fits(tokens: readonly string[], begin: ReadonlySet<number>, text: string): boolean {
  let positions = begin;
  for (const character of text) {
    const next = new Set<number>();
    for (const position of positions) {
      const token = tokens[position];
      if (token === undefined) continue;
      if (isStar(token)) {
        if (token === '**' || character !== '/') next.add(position);
      } else if (token === '?' ? character !== '/' : token === `=${character}`) {
        next.add(position + 1);
      }
    }
    if (next.size === 0) return false;
    positions = skipStars(next, tokens);
  }
  return positions.has(tokens.length);
}

/** Literals carry a `=`, so that a star that stands for itself cannot be taken for one. */
function tokenise(pattern: string, literally: (part: string) => string): readonly string[] {
  return [...pattern.matchAll(/\*\*|\*|\?|[^*?]+/gu)].flatMap(([part]) =>
    part === '?' || isStar(part) ? [part] : Array.from(literally(part), (one) => `=${one}`),
  );
}

function asItIs(part: string): string {
  return part;
}

function isStar(token: string | undefined): boolean {
  return token === '*' || token === '**';
}

/** A star may stand for nothing: every position behind one is reached with it. */
function skipStars(positions: Set<number>, tokens: readonly string[]): Set<number> {
  // A set yields what is added to it while it is being walked.
  for (const position of positions) {
    if (isStar(tokens[position])) positions.add(position + 1);
  }
  return positions;
}
