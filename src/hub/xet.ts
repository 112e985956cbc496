/**
 * Files that are too long for clients to download by plain HTTP. Only for these do clients get the
 * Xet hash: they download them from the Xet servers past this mirror, and nothing is stored.
 */
import { LRUCache } from 'lru-cache';
import { emptyHeaders, type HeaderMap } from '../model/headers.js';
import { apiPathOf } from './route.js';

/** The longest file that huggingface_hub downloads by HTTP (its MAX_HTTP_DOWNLOAD_SIZE). */
export const MAX_HTTP_BYTES = 50e9;

/** The field with a file's Xet hash; clients that see it do not download the file from us. */
export const XET_HASH_FIELD = 'x-xet-hash';

/** Repositories with such files that are remembered; a HEAD records an evicted one again. */
const MAX_REPOSITORIES = 10_000;

export function isTooLongForHttp(lengthBytes: number): boolean {
  return lengthBytes > MAX_HTTP_BYTES;
}

/** The repositories for which clients may request a Xet token. */
export class XetRepositories {
  readonly #known = new LRUCache<string, true>({ max: MAX_REPOSITORIES });

  add(origin: string, repository: string): void {
    this.#known.set(JSON.stringify([origin, repository]), true);
  }

  has(origin: string, repository: string): boolean {
    return this.#known.has(JSON.stringify([origin, repository]));
  }
}

/** Returns a file's fields with a Link to the Xet token at this mirror, whose URL is `own`. */
export function withTokenLink(
  headers: HeaderMap,
  { repository, commit, own }: { repository: string; commit: string; own: string },
): HeaderMap {
  const link = `<${own}${apiPathOf(repository)}/xet-read-token/${commit}>; rel="xet-auth"`;
  return Object.assign(emptyHeaders(), headers, { link });
}
