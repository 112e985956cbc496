/**
 * What the admin API shows without its token: the same, except for the queries of URLs, which may
 * be signatures. admin/server passes every answer through here, and admin/feeds every event, so
 * that a new operation cannot forget it.
 */
import { shownUrl } from '../model/shown-url.js';

/** Fields that hold a URL, a target or the beginning of one, wherever they stand. */
const URL_FIELDS: ReadonlySet<string> = new Set(['target', 'uri', 'url', 'pathPrefix']);

/** `value`, which JSON could be made of, with every URL in it as people see it. */
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
