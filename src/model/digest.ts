/**
 * A claimed digest of a whole object: a pin in the configuration, or an origin's claim.
 */

/**
 * `blake3` is the root (`b3sum`). `git-sha1` is what git names a file's content by, the SHA-1 of
 * `blob <length>`, a zero byte and the bytes: hubs of models claim it of files that are not in LFS.
 */
export type DigestAlgorithm = 'sha256' | 'blake3' | 'git-sha1';

/** `hex` is lower-case digits: 40 of `git-sha1`, 64 of the others. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

const SHAPE = /^(?:(sha256|blake3):([0-9a-f]{64})|(git-sha1):([0-9a-f]{40}))$/;

/**
 * Reads `sha256:<64 hex>`, `blake3:<64 hex>` or `git-sha1:<40 hex>`; `undefined` when the text is
 * none of them.
 */
export function parseDigest(text: string): Digest | undefined {
  const match = SHAPE.exec(text.toLowerCase());
  const algorithm = match?.[1] ?? match?.[3];
  const hex = match?.[2] ?? match?.[4];
  if (algorithm === undefined || hex === undefined) return undefined;
  return { algorithm: algorithm as DigestAlgorithm, hex };
}

/** What each algorithm makes of no bytes at all. */
const OF_NOTHING: Readonly<Record<DigestAlgorithm, string>> = {
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  blake3: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  'git-sha1': 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
};

/**
 * True when a length alone refutes the digest: nothing has the digests of nothing, and only nothing
 * has them. A check that follows the chunks would find none to check. `lengthBytes`: `null` while
 * it is unknown.
 */
export function isRefutedBy(digest: Digest | null, lengthBytes: number | null): boolean {
  if (digest === null || lengthBytes === null) return false;
  return (lengthBytes === 0) !== (digest.hex === OF_NOTHING[digest.algorithm]);
}

/** The text that `parseDigest` reads. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}
