/** Settings of older versions with their successors, which messages about them name. Pure. */

interface Retired {
  readonly key: string;
  readonly env: string;
  /** Completes "expected ...". */
  readonly instead: string;
}

const BOUNDED_BY_BYTES =
  '`cache.metadataCapacity` instead: manifests and response records are bounded in bytes';

const RETIRED: readonly Retired[] = [
  {
    key: 'cache.maxManifests',
    env: 'FOREBAY_CACHE_MAX_MANIFESTS',
    instead: BOUNDED_BY_BYTES,
  },
  {
    key: 'cache.maxResponses',
    env: 'FOREBAY_CACHE_MAX_RESPONSES',
    instead: BOUNDED_BY_BYTES,
  },
];

/** The `found` text of a problem with such a setting. */
export const FOUND_RETIRED = 'a setting of an older version';

/** Returns what is expected instead of a retired key or variable; `undefined` for other names. */
export function insteadOf(name: string): string | undefined {
  return RETIRED.find(({ key, env }) => key === name || env === name)?.instead;
}
