/** Turns a redirect into the hop that is stored. Pure; used by upstream. */
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { OriginHead } from '../model/fetch.js';
import type { Hop } from '../model/redirect-chain.js';

/** The fields that RFC 9111 decides by; of a cookie it only matters that one was set. */
const DECIDING: readonly string[] = [
  'age',
  'cache-control',
  'cdn-cache-control',
  'date',
  'expires',
  'last-modified',
  'vary',
];

/** More than this is no redirect's word on caching; it is kept for as long as its answer. */
const MAX_HOP_CHARACTERS = 2048;

/** When the request was sent and its response received, ms since the epoch. */
export interface HopTimes {
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** When it was received, on the time that never runs backwards (model/steady-time). */
  readonly steadyTimeMs?: number;
}

/**
 * The caching fields of `head`. If they are too long to be stored, the hop counts as `no-store`.
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
