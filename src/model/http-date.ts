/**
 * Parses and formats HTTP dates (RFC 9110 section 5.6.7), for freshness and preconditions.
 * `Date.parse` alone accepts far more than HTTP (`1`, `2024`), and an invalid date must be ignored.
 * A cache compares without regard to case (RFC 9111 section 4.2).
 */
import { trimOws } from './field-syntax.js';

/** Longer than `Wednesday, 06-Nov-94 08:49:37 GMT`, the longest form. */
const MAX_CHARACTERS = 64;

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/i;
/** Obsolete: `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC_850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}:\d{2}:\d{2}) GMT$/i;
/** Obsolete: `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}:\d{2}:\d{2}) (\d{4})$/i;

/** A two-digit year further ahead than this is of the past century. */
const RFC_850_YEARS_AHEAD = 50;

/**
 * Parses an HTTP date to ms since the epoch; `undefined` for any other text. The century of RFC 850
 * years is chosen relative to `nowMs`.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const date = trimOws(text);
  if (date.length > MAX_CHARACTERS) return undefined;
  const ms = Date.parse(normalised(date, nowMs) ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** Formats a date in the preferred form, IMF-fixdate. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function normalised(text: string, nowMs: number): string | undefined {
  if (IMF_FIXDATE.test(text)) return text;
  const old = RFC_850.exec(text);
  if (old !== null) {
    const [, day = '', month = '', shortYear = '', time = ''] = old;
    const thisYear = new Date(nowMs).getUTCFullYear();
    const year = Math.floor(thisYear / 100) * 100 + Number(shortYear);
    const placed = year > thisYear + RFC_850_YEARS_AHEAD ? year - 100 : year;
    return `${day} ${month} ${String(placed)} ${time} GMT`;
  }
  const c = ASCTIME.exec(text);
  if (c === null) return undefined;
  const [, month = '', day = '', time = '', year = ''] = c;
  return `${trimOws(day)} ${month} ${year} ${time} GMT`;
}
