/** Path patterns of the configuration (`digests[].pattern`), matched against request paths. Pure. */

/**
 * Whether the whole of `path` fits `pattern`: `*` stands for any characters but `/`, `**` for any
 * characters, `?` for one that is not `/`; everything else for itself.
 *
 * Steps through the path with the set of all pattern positions that fit so far, so a hostile path
 * costs its length times the pattern's and no more.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const tokens = tokenise(pattern);
  let positions = skipStars(new Set([0]), tokens);
  for (const character of path) {
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
    positions = skipStars(next, tokens);
  }
  return positions.has(tokens.length);
}

/** Literals carry a `=`, so that a star that stands for itself cannot be taken for one. */
function tokenise(pattern: string): readonly string[] {
  return [...pattern.matchAll(/\*\*|\*|\?|[^*?]/gsu)].map(([token]) =>
    token === '?' || isStar(token) ? token : `=${token}`,
  );
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
