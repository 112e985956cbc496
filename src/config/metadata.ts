/**
 * The share of the capacity that manifests and response records have, in bytes. Pure; assemble
 * asks, and the rules of the configuration.
 */

/**
 * Its directories alone, 256 in each of two trees, take 4 MiB with the first names in them; the
 * rest is for some 500 files of 8 KiB.
 */
export const MIN_METADATA_BYTES = 8 * 1024 * 1024;

/**
 * An eighth. Weights need 0.01 % of what they take, objects of a megabyte 1.6 %. What is smaller is
 * what the share bounds: at 16 KiB and a chunk file of 8 KiB for each tiny object, an eighth is a
 * capacity of 256 MiB's 1,700 of them, and 87 % of the capacity stay for chunks.
 */
const AUTO_SHARE = 1 / 8;

/**
 * And no more than this: 262,144 files, for each of which a few hundred bytes are in memory
 * (130,000 objects with a record: some 200 MiB), and all manifests are read at a start (12 s).
 */
const AUTO_MOST_BYTES = 2 * 1024 ** 3;

/** More would leave fewer chunks than the lanes fill. */
const MOST_SHARE = 1 / 2;

/** The most that may be configured for a capacity. */
export function mostMetadataBytes(capacityBytes: number): number {
  return Math.floor(capacityBytes * MOST_SHARE);
}

/** What is configured, or what follows from the capacity: whole bytes. */
export function metadataCapacityBytes(cache: {
  readonly capacityBytes: number;
  readonly metadataCapacityBytes: number | 'auto';
}): number {
  const { capacityBytes, metadataCapacityBytes: configured } = cache;
  const wanted =
    configured === 'auto' ? Math.min(capacityBytes * AUTO_SHARE, AUTO_MOST_BYTES) : configured;
  return Math.floor(Math.min(wanted, mostMetadataBytes(capacityBytes)));
}
