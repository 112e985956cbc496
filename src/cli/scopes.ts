/** Maps a path, as clients request it, to the scopes of objects that the admin API takes. Pure. */
import { canonicalUri } from '../model/uri.js';
import type { Scope } from './api-types.js';

/** The name and mount of a configured origin. */
export interface Mounted {
  readonly name: string;
  readonly mount: string;
}

/**
 * Returns the scopes that together contain every object whose request path begins with `prefix`:
 * whole origins, for mounts that begin with the prefix; and objects with the rest of the prefix as
 * path prefix, for the origin with the longest mount above it. Returns one scope for all objects
 * without a prefix, and none if no origin has such paths.
 */
export function scopesOf(prefix: string | undefined, origins: readonly Mounted[]): Scope[] {
  if (prefix === undefined || prefix === '/') return [{}];
  const text = prefix.startsWith('/') ? prefix : `/${prefix}`;
  // The text may be in any script, percent-encoded or not.
  const path = canonicalUri(Buffer.from(text).toString('latin1'));
  const whole = origins.filter(({ mount }) => mount !== '/' && mount.startsWith(path));
  const into = origins
    .filter(({ mount }) => mount === '/' || path.startsWith(`${mount}/`))
    .reduce<Mounted | undefined>(
      (best, origin) =>
        best === undefined || origin.mount.length > best.mount.length ? origin : best,
      undefined,
    );
  const rest: Scope[] =
    into === undefined
      ? []
      : [
          {
            origin: into.name,
            pathPrefix: into.mount === '/' ? path : path.slice(into.mount.length),
          },
        ];
  return [...whole.map(({ name }) => ({ origin: name })), ...rest];
}
