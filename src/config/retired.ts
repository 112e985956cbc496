/** Settings of older versions and their successors, which the refusal names. Pure. */

interface Retired {
  readonly key: string;
  readonly env: string;
  /** Completes "expected ...". */
  readonly instead: string;
}

const BOUNDED_BY_BYTES =
  '`cache.metadataCapacity` in its place: manifests and response records are bounded in bytes';

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

/** The `found` text of such a problem. */
export const FOUND_RETIRED = 'a setting of an older version';

/** The successor of a key or a variable; `undefined` if it never was one. */
export function insteadOf(name: string): string | undefined {
  return RETIRED.find(({ key, env }) => key === name || env === name)?.instead;
}
