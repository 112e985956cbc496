/**
 * Reads from a signed URL when it expires and which resource it names apart from its signature.
 * Pure; used by redirect and upstream.
 */
import { createHash } from 'node:crypto';

/** `20260131T235959Z`, the date form of AWS and Google V4 signatures. */
const BASIC_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Seconds since the epoch in ten or eleven digits: the years 2001 to 5138. */
const EPOCH_SECONDS = /^\d{10,11}$/;

/** A lifetime in seconds. V4 signatures allow seven days at most; eight digits are ample. */
const LIFETIME_SECONDS = /^\d{1,8}$/;

/** Hex digits of a place's name: 128 bits, so that two places never share a name. */
const PLACE_DIGITS = 32;

function basicDateMs(text: string): number | undefined {
  const match = BASIC_DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

/**
 * Returns the expiry of a presigned URL, ms since the epoch; `null` when the URL has none. Supports
 * `X-Amz-Date` + `X-Amz-Expires`, `X-Goog-Date` + `X-Goog-Expires` (V4 signatures), and `Expires`
 * in epoch seconds (S3 V2, CloudFront, Google V2).
 */
export function signedUrlExpiryMs(url: URL): number | null {
  // Parameter names are compared case-insensitively, because CDNs rewrite them.
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) query.set(name.toLowerCase(), value);

  for (const scheme of ['x-amz', 'x-goog']) {
    const signedAtMs = basicDateMs(query.get(`${scheme}-date`) ?? '');
    const lifetime = query.get(`${scheme}-expires`) ?? '';
    if (signedAtMs !== undefined && LIFETIME_SECONDS.test(lifetime)) {
      return signedAtMs + Number(lifetime) * 1000;
    }
  }
  const expires = query.get('expires') ?? '';
  return EPOCH_SECONDS.test(expires) ? Number(expires) * 1000 : null;
}

/**
 * Returns the place of a location: a name of its resource that is equal on each of its hosts and
 * with every signature. It depends on the path alone, as any part of the query may be signature.
 * A hash, because it is kept on disk.
 */
export function placeOf(url: URL): string {
  return createHash('sha256').update(url.pathname).digest('hex').slice(0, PLACE_DIGITS);
}
