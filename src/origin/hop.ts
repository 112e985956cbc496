/** Reduces a redirect response to the `Hop` that is stored of it. Pure; used by upstream. */
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { OriginHead } from '../model/fetch.js';
import type { Hop } from '../model/redirect-chain.js';

/** The fields that decide caching (RFC 9111). `hopOf` adds Set-Cookie without its value. */
const DECIDING: readonly string[] = [
  'age',
  'cache-control',
  'cdn-cache-control',
  'date',
  'expires',
  'last-modified',
  'vary',
];

/** The most characters of these values: a hop is stored for as long as its response. */
const MAX_HOP_CHARACTERS = 2048;

/** When a response was requested and received, ms since the epoch. */
export interface HopTimes {
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** When it was received, on the clock that never runs backwards (model/steady-time). */
  readonly steadyTimeMs?: number;
}

/**
 * Returns the hop of a redirect. Where its fields exceed the bound, `cache-control: no-store` takes
 * their place. `shown`: names of the client's identifying fields that the redirect's server got.
 */
export function hopOf(
  { status, headers }: OriginHead,
  times: HopTimes,
  shown: readonly string[],
): Hop {
  let kept: HeaderMap = emptyHeaders();
  for (const name of DECIDING) {
    const value = headerValue(headers, name);
    if (value !== undefined) kept[name] = value;
  }
  if (headers['set-cookie'] !== undefined) kept['set-cookie'] = '';
  const characters = Object.values(kept).reduce((sum, value) => sum + value.length, 0);
  if (characters > MAX_HOP_CHARACTERS) {
    kept = Object.assign(emptyHeaders(), { 'cache-control': 'no-store' });
  }
  return { status, headers: kept, ...times, shown };
}
