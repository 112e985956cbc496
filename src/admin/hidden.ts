/**
 * Hides the queries of URLs from clients of the admin API without its token, because a query may be
 * a signature. admin/server applies it to every answer and admin/feeds to every event, so that no
 * operation can forget it.
 */
import { shownUrl } from '../model/shown-url.js';

/** Fields with a URL, a target or a prefix of one, at any depth. */
const URL_FIELDS: ReadonlySet<string> = new Set(['target', 'uri', 'url', 'pathPrefix']);

/** Returns a copy of `value`, which must be JSON data, with the query of every URL hidden. */
export function withoutQueries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutQueries);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      typeof field === 'string' && URL_FIELDS.has(name) ? shownUrl(field) : withoutQueries(field),
    ]),
  );
}
