/** Formats rows of text in columns. Used by commands that print lists. Pure. */

export interface Column {
  readonly title: string;
  /** `right` for numbers. */
  readonly align?: 'left' | 'right';
}

/** The space between columns. */
const GAP = '  ';

/**
 * Returns the lines of a table, titles first; none if there are no rows. No line ends in spaces.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index] ?? ''))),
  );
  return all.map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: Column['align']): string {
  const spaces = ' '.repeat(width - displayWidth(text));
  return align === 'right' ? spaces + text : text + spaces;
}

// eslint-disable-next-line no-control-regex -- styles begin with this control character
const STYLE = /\u001b\[\d+m/g;

const CHARACTERS = new Intl.Segmenter();

/** Returns the number of characters that a text takes on a screen; styles take none. */
export function displayWidth(text: string): number {
  return [...CHARACTERS.segment(text.replace(STYLE, ''))].length;
}
