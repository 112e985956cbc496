/** Remembers where a file's heads say that its bytes are. Used by hub/decisions. */
import type { FetchUrl } from '../model/fetch.js';
import { isRedirect } from '../origin/redirect.js';
import type { Heads, HeadQuestion } from './head-client.js';

/** The hub has just said where the bytes are: fills need not ask again. */
export function rememberWay(
  { upstream, who }: Pick<HeadQuestion, 'upstream' | 'who'>,
  { heads, urls }: Heads,
  uri: string,
  { nowMs, first }: { readonly nowMs: number; readonly first: number },
): void {
  const source = upstream.source(uri, who.headers);
  heads.forEach((head, index) => {
    // What led to its name leads nowhere from there.
    if (index < first || !isRedirect(head.status)) return;
    const url = index === first ? uri : (urls[index] ?? uri);
    const from: FetchUrl = { url, headers: {}, addresses: 'any', expiresAtMs: null };
    source.redirected(from, head, { requestTimeMs: nowMs, responseTimeMs: nowMs });
  });
}
