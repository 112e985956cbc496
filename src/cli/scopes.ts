/** Turns a path of the front, as clients write it, into the admin API's scope. Pure. */
import { canonicalUri } from '../model/uri.js';
import type { Scope } from './api-types.js';

/** A configured origin, as far as paths are concerned. */
export interface Mounted {
  readonly name: string;
  readonly mount: string;
}

/**
 * The scopes that hold every object whose path at the front begins with `prefix`: origins that are
 * mounted below it as a whole, and of the one that it leads into the objects with the rest as
 * prefix. All there is without a prefix; nothing where no origin has such paths.
 */
export function scopesOf(prefix: string | undefined, origins: readonly Mounted[]): Scope[] {
  if (prefix === undefined || prefix === '/') return [{}];
  const text = prefix.startsWith('/') ? prefix : `/${prefix}`;
  // However it is spelt: in any script, encoded or not.
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
