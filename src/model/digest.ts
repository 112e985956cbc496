/** A whole-object digest that somebody vouches for: a pin in the configuration, or an origin's claim. */

export type DigestAlgorithm = 'sha256' | 'blake3';

/** `hex` is 64 lower-case digits: both algorithms give 32 bytes. `blake3` is the root (`b3sum`). */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

const SHAPE = /^(sha256|blake3):([0-9a-f]{64})$/;

/** Reads `sha256:<64 hex>` or `blake3:<64 hex>`; `undefined` when the text is neither. */
export function parseDigest(text: string): Digest | undefined {
  const match = SHAPE.exec(text.toLowerCase());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { algorithm: match[1] as DigestAlgorithm, hex: match[2] };
}

/** The text that `parseDigest` reads. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}
