/**
 * Canonicalises a repository's name. A hub treats `Acme/Model`, `acme/model` and `acme%2Fmodel` as
 * one repository, so that permissions must do so too. Requests to the hub keep the client's
 * spelling. Used by hub/route and hub/credentials. Pure.
 */

/** Far more than a hub's names: an owner and a name of 96 characters each, a prefix, encoded. */
const MAX_NAME_CHARACTERS = 1024;

/**
 * Returns `name` percent-decoded, in lower case, without the optional prefix `models/`. A malformed
 * encoding is not decoded, and a name that is too long is returned unchanged: no hub has such
 * names.
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
