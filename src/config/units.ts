/**
 * Parses sizes and durations as people write them (`10GiB`, `250ms`) into bytes and milliseconds,
 * and formats them. Used by the schema, the start-up lines and messages.
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

/**
 * Spellings of units for `writeSize`; of equally short results, the one with a power of 1024 wins.
 */
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

/** The number of digits is bounded so that no text is slow to match. */
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
 * Parses a size: a number with B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of
 * 1024), or plain bytes. Returns bytes, or `undefined` when the text is not a size.
 */
export function parseSize(text: string): number | undefined {
  return readQuantity(text, BYTES_PER_UNIT, 'b');
}

/**
 * Parses a duration: a number with ms, s, m or h. Rejects a number without a unit, which some
 * readers would take for seconds. Returns milliseconds, or `undefined`.
 */
export function parseDuration(text: string): number | undefined {
  const ms = readQuantity(text, MS_PER_UNIT, '');
  return ms === undefined || ms > MAX_DURATION_MS ? undefined : ms;
}

/** Formats bytes for messages: exact if a unit divides them, else with one decimal (`1.5 GiB`). */
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

/** Formats bytes exactly, as `parseSize` accepts them: `10GiB`, `64MB`, `1000`. */
export function writeSize(bytes: number): string {
  return Object.entries(SPELLING)
    .filter(([unit]) => bytes > 0 && bytes % (BYTES_PER_UNIT[unit] ?? 1) === 0)
    .map(([unit, spelling]) => `${String(bytes / (BYTES_PER_UNIT[unit] ?? 1))}${spelling}`)
    .reduce((a, b) => (b.length <= a.length ? b : a), String(bytes));
}

/** Formats milliseconds exactly, as `parseDuration` accepts them: `250ms`, `30s`. */
export function writeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${String(ms / 1000)}s` : `${String(ms)}ms`;
}

/** Formats milliseconds for messages: `250 ms`, `30 s`. */
export function formatDuration(ms: number): string {
  return ms % 1000 === 0 ? `${String(ms / 1000)} s` : `${String(ms)} ms`;
}
