/**
 * The canonical form of a repository's name. A hub takes `Acme/Model`, `acme/model` and
 * `acme%2Fmodel` for one repository, so policy must do the same. Made by hub/route, once for each
 * request; the hub receives the name as it came. Pure.
 */

/**
 * Far beyond the names that hubs give: an owner and a name of 96 characters each, a prefix,
 * encoded.
 */
const MAX_NAME_CHARACTERS = 1024;

/**
 * `name` in the form that policy compares: decoded, lower case, without the optional prefix of
 * models. Malformed percent-encoding and overlong names stay: a hub finds nothing under them.
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
