/**
 * The metadata's share of the capacity, in bytes. Pure; used by assemble and by the rules of the
 * configuration.
 */

/**
 * Its directories, 256 in each of two trees, take 4 MiB with the first names in them; the rest is
 * for some 500 files of 8 KiB.
 */
export const MIN_METADATA_BYTES = 8 * 1024 * 1024;

/**
 * An eighth. Metadata of weights takes 0.01 % of their size, that of objects of a megabyte 1.6 %.
 * The share bounds smaller objects: at 16 KiB, and a chunk file of 8 KiB, for each tiny object, an
 * eighth of 256 MiB is 1,700 of them, and 87 % of the capacity stay for chunks.
 */
const AUTO_SHARE = 1 / 8;

/**
 * And no more than this: 262,144 files, each of which has a few hundred bytes in memory (130,000
 * objects with a record: some 200 MiB), while all manifests are read at a start (12 s).
 */
const AUTO_MOST_BYTES = 2 * 1024 ** 3;

/** More would leave fewer chunks than the lanes fill. */
const MOST_SHARE = 1 / 2;

/** The most that may be configured for a capacity. */
export function mostMetadataBytes(capacityBytes: number): number {
  return Math.floor(capacityBytes * MOST_SHARE);
}

/** The configured size, or the share of the capacity: whole bytes. */
export function metadataCapacityBytes(cache: {
  readonly capacityBytes: number;
  readonly metadataCapacityBytes: number | 'auto';
}): number {
  const { capacityBytes, metadataCapacityBytes: configured } = cache;
  const wanted =
    configured === 'auto' ? Math.min(capacityBytes * AUTO_SHARE, AUTO_MOST_BYTES) : configured;
  return Math.floor(Math.min(wanted, mostMetadataBytes(capacityBytes)));
}
