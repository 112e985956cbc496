/**
 * URLs as people see them: the one place that takes out what may be a secret. A query may sign its
 * URL, userinfo is a credential, and a fragment is nobody's business. What is logged, listed,
 * traced or said in an error goes through here, unless it is told to somebody who holds the admin
 * token.
 */

/** Stands for a query that is not shown. */
export const HIDDEN_QUERY = '?…';

/** The path of a request-target or a URL reference, without what follows it. */
export function pathAlone(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** A target or a URL for people: `/model.bin?…`. One without query and userinfo is what it was. */
export function shownUrl(url: string): string {
  const path = withoutUserinfo(pathAlone(url));
  return url.charAt(pathAlone(url).length) === '?' ? path + HIDDEN_QUERY : path;
}

/** A sentence in which URLs may stand, as people see them: each word that is one. */
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
