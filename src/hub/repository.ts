/**
 * The one form of a repository's name. A hub takes `Acme/Model`, `acme/model` and `acme%2Fmodel` for one
 * repository, so that policy must not tell them apart. Made by hub/route, once for each request; the
 * hub is asked by the name as it came. Pure.
 */

/**
 * `name` as policy compares it: decoded, lower case, without the prefix that models may have.
 * What is no percent-encoding is left as it is: a hub finds nothing under it.
 */
export function canonicalRepository(name: string): string {
  const folded = decoded(name).toLowerCase();
  return folded.replace(/^models\/(?=.)/, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
