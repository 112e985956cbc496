/**
 * Computes the share of the capacity for manifests and response records, in bytes. Used by assemble
 * and by the rules of the configuration. Pure.
 */

/**
 * The smallest share. The directories alone, 256 in each of two trees, take 4 MiB with the first
 * names in them; the rest is for some 500 files of 8 KiB.
 */
export const MIN_METADATA_BYTES = 8 * 1024 * 1024;

/**
 * The share for `auto`. The metadata of weights takes 0.01 % of their bytes, that of objects of a
 * megabyte 1.6 %. Only smaller objects reach the bound. A tiny object takes 16 KiB of metadata and
 * a chunk file of 8 KiB: an eighth of 256 MiB suffices for 1,700 of them, and 87 % of the capacity
 * remain for chunks.
 */
const AUTO_SHARE = 1 / 8;

/**
 * The largest share for `auto`: 262,144 files. Each takes a few hundred bytes in memory (130,000
 * objects with a record: some 200 MiB), and a start reads all manifests (12 s).
 */
const AUTO_MOST_BYTES = 2 * 1024 ** 3;

/**
 * The largest share that can be configured: a larger one would leave too few chunks for the lanes.
 */
const MOST_SHARE = 1 / 2;

/** Returns the largest share that may be configured for a capacity, in bytes. */
export function mostMetadataBytes(capacityBytes: number): number {
  return Math.floor(capacityBytes * MOST_SHARE);
}

/** Returns the configured share, or the one that follows from the capacity, in whole bytes. */
export function metadataCapacityBytes(cache: {
  readonly capacityBytes: number;
  readonly metadataCapacityBytes: number | 'auto';
}): number {
  const { capacityBytes, metadataCapacityBytes: configured } = cache;
  const share =
    configured === 'auto' ? Math.min(capacityBytes * AUTO_SHARE, AUTO_MOST_BYTES) : configured;
  return Math.floor(Math.min(share, mostMetadataBytes(capacityBytes)));
}
