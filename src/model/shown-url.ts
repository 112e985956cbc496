/**
 * URLs for people: the one place that removes possible secrets. A query may contain a signature,
 * userinfo is a credential, and fragments are private. Everything that is logged, listed, traced or
 * part of an error passes through here, except for holders of the admin token.
 */

/** Replaces a query that is not shown. */
export const HIDDEN_QUERY = '?…';

/** The path of a request-target or a URL reference, without what follows it. */
export function pathAlone(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** A target or a URL for people: `/model.bin?…`. Unchanged without query and userinfo. */
export function shownUrl(url: string): string {
  const path = withoutUserinfo(pathAlone(url));
  return url.charAt(pathAlone(url).length) === '?' ? path + HIDDEN_QUERY : path;
}

/** Text for people: every word of it that is a URL is shown without secrets. */
export function shownText(text: string): string {
  return text
    .split(' ')
    .map((word) => (word.includes('/') ? shownUrl(word) : word))
    .join(' ');
}

/** True when part of a URL is not shown. */
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
