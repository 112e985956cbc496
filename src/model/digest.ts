/** A whole-object digest that somebody vouches for: a pin in the configuration, or an origin's claim. */

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

/** The text that `parseDigest` reads. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}
