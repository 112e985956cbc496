/**
 * A digest claimed for a whole object, by a pin in the configuration or by an origin.
 */

/**
 * `blake3` is the root (`b3sum`). `git-sha1` is git's id of a file's content, the SHA-1 of `blob
 * <length>`, a zero byte and the bytes: hubs of models claim it for files that are not in LFS.
 */
export type DigestAlgorithm = 'sha256' | 'blake3' | 'git-sha1';

/** A digest. `hex` is lower-case digits: 40 for `git-sha1`, 64 for the others. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

const SHAPE = /^(?:(sha256|blake3):([0-9a-f]{64})|(git-sha1):([0-9a-f]{40}))$/;

/**
 * Parses `sha256:<64 hex>`, `blake3:<64 hex>` or `git-sha1:<40 hex>`; `undefined` for any other
 * text.
 */
export function parseDigest(text: string): Digest | undefined {
  const match = SHAPE.exec(text.toLowerCase());
  const algorithm = match?.[1] ?? match?.[3];
  const hex = match?.[2] ?? match?.[4];
  if (algorithm === undefined || hex === undefined) return undefined;
  return { algorithm: algorithm as DigestAlgorithm, hex };
}

/** The digest of an empty object, by algorithm. */
const OF_EMPTY: Readonly<Record<DigestAlgorithm, string>> = {
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  blake3: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  'git-sha1': 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
};

/**
 * True when the length alone refutes the digest: an empty object has the digest of no bytes, and no
 * other object has it. A check by chunks would find no chunk of an empty object. `lengthBytes` is
 * `null` while it is unknown.
 */
export function isRefutedBy(digest: Digest | null, lengthBytes: number | null): boolean {
  if (digest === null || lengthBytes === null) return false;
  return (lengthBytes === 0) !== (digest.hex === OF_EMPTY[digest.algorithm]);
}

/** Formats a digest as the text that `parseDigest` reads. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}
