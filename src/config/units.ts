/**
 * Sizes and durations as people write them (`10GiB`, `250ms`), read into bytes and milliseconds and
 * written back. Used by the schema, by the start-up lines and by messages about both.
 */

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Units that make a number shorter; powers of 1024 are preferred. */
const SPELLING: Readonly<Record<string, string>> = {
  tib: 'TiB',
  gib: 'GiB',
  mib: 'MiB',
  kib: 'KiB',
  tb: 'TB',
  gb: 'GB',
  mb: 'MB',
  kb: 'KB',
};

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest duration: `setTimeout` fires at once beyond 2^31 - 1 ms, which is 24.8 days. */
export const MAX_DURATION_DAYS = 24;

const MAX_DURATION_MS = MAX_DURATION_DAYS * 24 * 3_600_000;

/** The digits are bounded so that no text is slow to read. */
const QUANTITY = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]{0,3})$/;

function readQuantity(
  text: string,
  factors: Readonly<Record<string, number>>,
  unitless: string,
): number | undefined {
  const match = QUANTITY.exec(text.trim());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const unit = match[2] === '' ? unitless : match[2].toLowerCase();
  const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined;
  if (factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Reads a size: a number with B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of
 * 1024), or plain bytes. Returns bytes, or `undefined` when the text is no size.
 */
export function parseSize(text: string): number | undefined {
  return readQuantity(text, BYTES_PER_UNIT, 'b');
}

/**
 * Reads a duration: a number with ms, s, m or h. A number without a unit is none, because half of
 * its readers would take it for seconds. Returns milliseconds, or `undefined`.
 */
export function parseDuration(text: string): number | undefined {
  const ms = readQuantity(text, MS_PER_UNIT, '');
  return ms === undefined || ms > MAX_DURATION_MS ? undefined : ms;
}

/** Writes bytes for people: exact where a unit divides them, else with one decimal (`1.5 GiB`). */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes < factor) continue;
    const value = bytes / factor;
    return `${Number.isInteger(value) ? String(value) : value.toFixed(1)} ${unit}`;
  }
  return `${String(bytes)} B`;
}

/** Writes bytes exactly, as `parseSize` reads them: `10GiB`, `64MB`, `1000`. */
export function writeSize(bytes: number): string {
  return Object.entries(SPELLING)
    .filter(([unit]) => bytes > 0 && bytes % (BYTES_PER_UNIT[unit] ?? 1) === 0)
    .map(([unit, spelling]) => `${String(bytes / (BYTES_PER_UNIT[unit] ?? 1))}${spelling}`)
    .reduce((a, b) => (b.length <= a.length ? b : a), String(bytes));
}

/** Writes milliseconds exactly, as `parseDuration` reads them: `250ms`, `30s`. */
export function writeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${String(ms / 1000)}s` : `${String(ms)}ms`;
}

/** Writes milliseconds for people: `250 ms`, `30 s`. */
export function formatDuration(ms: number): string {
  return ms % 1000 === 0 ? `${String(ms / 1000)} s` : `${String(ms)} ms`;
}
