/**
 * Files too long for clients to read by plain HTTP. For these alone clients learn where Xet has
 * them: they fetch them past this mirror, and nothing is stored.
 */
import { LRUCache } from 'lru-cache';
import { emptyHeaders, type HeaderMap } from '../model/headers.js';
import { apiPathOf } from './route.js';

/** The longest file that huggingface_hub reads by HTTP (its MAX_HTTP_DOWNLOAD_SIZE). */
export const MAX_HTTP_BYTES = 50e9;

/** What Xet calls a file; clients that see it do not read the file from us. */
export const XET_HASH_FIELD = 'x-xet-hash';

/**
 * Repositories remembered for having such files; one that is forgotten is learnt again by a HEAD.
 */
const MAX_REPOSITORIES = 10_000;

export function isTooLongForHttp(lengthBytes: number): boolean {
  return lengthBytes > MAX_HTTP_BYTES;
}

/** The repositories whose clients may request a Xet token. */
export class XetRepositories {
  readonly #known = new LRUCache<string, true>({ max: MAX_REPOSITORIES });

  add(origin: string, repository: string): void {
    this.#known.set(JSON.stringify([origin, repository]), true);
  }

  has(origin: string, repository: string): boolean {
    return this.#known.has(JSON.stringify([origin, repository]));
  }
}

/** A file's fields with the Link to the Xet token endpoint at this mirror, `own`. */
export function withTokenLink(
  headers: HeaderMap,
  { repository, commit, own }: { repository: string; commit: string; own: string },
): HeaderMap {
  const link = `<${own}${apiPathOf(repository)}/xet-read-token/${commit}>; rel="xet-auth"`;
  return Object.assign(emptyHeaders(), headers, { link });
}
