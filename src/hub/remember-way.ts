/** Records the redirects to a file's bytes that its heads contain. Used by hub/decisions. */
import type { FetchUrl } from '../model/fetch.js';
import { isRedirect } from '../origin/redirect.js';
import type { Heads, HeadQuestion } from './head-client.js';

/**
 * Records the redirects from the `first` head on, so that fills go to the storage without another
 * request to the hub. `uri` is the file's URI by its commit.
 */
export function rememberWay(
  { upstream, who }: Pick<HeadQuestion, 'upstream' | 'who'>,
  { heads, urls }: Heads,
  uri: string,
  { nowMs, first }: { readonly nowMs: number; readonly first: number },
): void {
  const source = upstream.source(uri, who.headers);
  heads.forEach((head, index) => {
    // Redirects before `first` lead to the repository's new name, not to its bytes.
    if (index < first || !isRedirect(head.status)) return;
    const url = index === first ? uri : (urls[index] ?? uri);
    const from: FetchUrl = { url, headers: {}, addresses: 'any', expiresAtMs: null };
    source.redirected(from, head, { requestTimeMs: nowMs, responseTimeMs: nowMs });
  });
}
