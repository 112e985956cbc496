/** Finds the key that was probably meant. Used for unknown keys and environment variables. Pure. */

/** Beyond this many edits for each so many letters, a likeness is chance. */
const LETTERS_PER_EDIT = 3;

/** A longer key is no typing error, and the comparison costs its length squared. */
const MAX_COMPARED_LETTERS = 64;

/** The candidate most like `text`, or `null` when none is near. Case, `-` and `_` do not count. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const wanted = normalise(text);
  if (wanted.length > MAX_COMPARED_LETTERS) return null;
  let best: string | null = null;
  let bestEdits = Math.max(1, Math.floor(wanted.length / LETTERS_PER_EDIT)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(wanted, normalise(candidate));
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/**
 * The full key that was meant by `name` below `parent`: a sibling if one is near, else a key of
 * another section whose own name is near.
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

/** Optimal string alignment distance: insert, delete, replace, and swap of two neighbours. */
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
