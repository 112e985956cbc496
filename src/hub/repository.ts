/**
 * The one form of a repository's name. A hub takes `Acme/Model`, `acme/model` and `acme%2Fmodel`
 * for one repository, so that policy must not tell them apart. Made by hub/route, once for each
 * request; the hub is asked by the name as it came. Pure.
 */

/**
 * Far beyond the names that hubs give: an owner and a name of 96 characters each, a prefix,
 * encoded.
 */
const MAX_NAME_CHARACTERS = 1024;

/**
 * `name` as policy compares it: decoded, lower case, without the prefix that models may have. What
 * is no percent-encoding, or too long for a name, is left as it is: a hub finds nothing under it.
 */
export function canonicalRepository(name: string): string {
  if (name.length > MAX_NAME_CHARACTERS) return name;
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
