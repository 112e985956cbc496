/** HTTP fields as Forebay represents them: lower-case names in a null-prototype map. */

/**
 * Fields by lower-case name. Several field lines of one name are joined with `, `, except
 * `set-cookie`, which stays a list. The prototype is null, so that `__proto__` is an ordinary name.
 */
export type HeaderMap = Record<string, string | readonly string[]>;

/** Returns an empty header map (null prototype). */
export function emptyHeaders(): HeaderMap {
  return Object.create(null) as HeaderMap;
}

/** Copies any record of headers into a null-prototype map with lower-case names. */
export function toHeaderMap(
  source: Readonly<Record<string, string | readonly string[] | undefined>>,
): HeaderMap {
  const map = emptyHeaders();
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined) map[name.toLowerCase()] = value;
  }
  return map;
}

/** Returns a field's value as one string (`set-cookie` lists joined); `undefined` when absent. */
export function headerValue(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(', ');
}

/** Returns the characters of all names and values: their memory in bytes, as they are latin1. */
export function headerBytes(headers: HeaderMap): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    const values = typeof value === 'string' ? [value] : value;
    for (const one of values) bytes += name.length + one.length;
  }
  return bytes;
}

/** Makes a map from a flat list `[name, value, name, value, ...]` (Node's `rawHeaders`). */
export function headersFromRaw(raw: readonly string[]): HeaderMap {
  const map = emptyHeaders();
  const cookies: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    const known = map[name];
    // Appended to one list, not copied: a head may have thousands of cookies.
    if (name === 'set-cookie') cookies.push(value);
    else map[name] = typeof known === 'string' ? `${known}, ${value}` : value;
  }
  if (cookies.length > 0) map['set-cookie'] = cookies;
  return map;
}
