/** Which stored things an operator means: an origin, and a prefix of the path below its mount. */
import { comparable } from '../../model/path.js';
import { requestTargetOf } from '../../model/uri.js';
import type { Upstream } from '../../origin/upstream.js';

/** Every `Upstreams` is one. */
export interface NamedUpstreams {
  get(name: string): Pick<Upstream, 'targetOf'> | undefined;
}

/** `null` in a field selects everything. */
export interface ObjectSelection {
  /** Name of an origin, configured now or when the thing was stored. */
  readonly origin: string | null;
  /** Compared with the path below the mount, query included, in whatever spelling either is. */
  readonly pathPrefix: string | null;
}

/** Turns stored URIs back into the targets below a mount. */
export class TargetMatcher {
  readonly #upstreams: NamedUpstreams;

  constructor(upstreams: NamedUpstreams) {
    this.#upstreams = upstreams;
  }

  /**
   * The path below the mount; of an origin that is not configured (so) any more, the URI's path.
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
