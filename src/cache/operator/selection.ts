/**
 * Selects stored objects and responses for an operator, by origin and by a prefix of the path below
 * its mount.
 */
import { comparable } from '../../model/path.js';
import { requestTargetOf } from '../../model/uri.js';
import type { Upstream } from '../../origin/upstream.js';

/** The part of `Upstreams` that a `TargetMatcher` uses. */
export interface NamedUpstreams {
  get(name: string): Pick<Upstream, 'targetOf'> | undefined;
}

/** A selection by an operator. A member that is `null` selects everything. */
export interface ObjectSelection {
  /** Name of an origin, configured now or when the thing was stored. */
  readonly origin: string | null;
  /**
   * Compared with the path below the mount, query included. Equivalent spellings of a path are
   * equal.
   */
  readonly pathPrefix: string | null;
}

/** Maps stored URIs back to paths below a mount. */
export class TargetMatcher {
  readonly #upstreams: NamedUpstreams;

  constructor(upstreams: NamedUpstreams) {
    this.#upstreams = upstreams;
  }

  /**
   * Returns the path below the mount, or the path of the URI if the origin is no longer configured
   * with that URL.
   */
  of(origin: string, uri: string): string {
    return this.#upstreams.get(origin)?.targetOf(uri) ?? requestTargetOf(uri);
  }

  selects(
    { origin, pathPrefix }: ObjectSelection,
    thing: { origin: string; uri: string },
  ): boolean {
    if (origin !== null && origin !== thing.origin) return false;
    if (pathPrefix === null) return true;
    return comparable(this.of(thing.origin, thing.uri)).startsWith(comparable(pathPrefix));
  }
}
