/** Lays rows of text out in columns. Used by commands that list. Pure. */

export interface Column {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly align?: 'left' | 'right';
}

/** Columns are this far apart. */
const GAP = '  ';

/** Lines of a table with its titles; empty without rows. No line ends with spaces. */
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

/** Characters that a text takes on a screen; styles take none. */
export function displayWidth(text: string): number {
  return [...CHARACTERS.segment(text.replace(STYLE, ''))].length;
}
