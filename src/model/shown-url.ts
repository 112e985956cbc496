/**
 * Removes secrets from URLs before people see them. No other file does: a query may contain a
 * signature, userinfo is a credential, and a fragment is private. Every URL that is logged, listed,
 * traced or put into an error message goes through here, except for answers to the holder of the
 * admin token.
 */

/** Replaces a query that is not shown. */
export const HIDDEN_QUERY = '?…';

/** Returns the path of a request-target or URL reference, without query and fragment. */
export function pathAlone(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/**
 * Returns a target or URL for people: `/model.bin?…`. One without query, userinfo and fragment is
 * unchanged.
 */
export function shownUrl(url: string): string {
  const path = withoutUserinfo(pathAlone(url));
  return url.charAt(pathAlone(url).length) === '?' ? path + HIDDEN_QUERY : path;
}

/** Returns a text with each URL in it as `shownUrl` shows it. Words with a `/` count as URLs. */
export function shownText(text: string): string {
  return text
    .split(' ')
    .map((word) => (word.includes('/') ? shownUrl(word) : word))
    .join(' ');
}

/** True when `shownUrl` hides a part of the URL. */
export function hasHidden(url: string): boolean {
  return shownUrl(url) !== url;
}

function withoutUserinfo(url: string): string {
  const scheme = url.indexOf('://');
  if (scheme === -1) return url;
  const start = scheme + '://'.length;
  const slash = url.indexOf('/', start);
  const end = slash === -1 ? url.length : slash;
  const at = url.lastIndexOf('@', end);
  return at < start ? url : url.slice(0, start) + url.slice(at + 1);
}
