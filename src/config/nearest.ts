/** Finds the name most similar to an unknown key or environment variable ("did you mean"). Pure. */

/** One edit is allowed for this many letters: with more edits, a similarity is chance. */
const LETTERS_PER_EDIT = 3;

/** Longer names are not compared: they are no typing errors, and the cost grows with the square. */
const MAX_COMPARED_LETTERS = 64;

/** Returns the candidate most similar to `text`; `null` if none is. Ignores case, `-` and `_`. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const unknown = normalise(text);
  if (unknown.length > MAX_COMPARED_LETTERS) return null;
  let best: string | null = null;
  let bestEdits = Math.max(1, Math.floor(unknown.length / LETTERS_PER_EDIT)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(unknown, normalise(candidate));
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/**
 * Returns the full key most similar to `name` below `parent`: a sibling if one is similar, else a
 * key of another section whose last part is; `null` if there is none.
 */
export function nearestKey(parent: string, name: string, keys: readonly string[]): string | null {
  const prefix = parent === '' ? '' : `${parent}.`;
  const siblings = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length).split('.')[0] ?? '');
  const sibling = nearest(name, siblings);
  if (sibling !== null) return `${prefix}${sibling}`;
  const lastNames = new Map(keys.map((key) => [key.slice(key.lastIndexOf('.') + 1), key]));
  const elsewhere = nearest(name, [...lastNames.keys()]);
  return elsewhere === null ? null : (lastNames.get(elsewhere) ?? null);
}

function normalise(text: string): string {
  return text.replace(/[-_]/g, '').toLowerCase();
}

/**
 * Returns the optimal string alignment distance: insert, delete, replace, swap of two neighbours.
 */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, at(older, column - 2) + 1);
      }
      current.push(edits);
    }
    older = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
