/**
 * The configured origins by name. A reload replaces the set: an origin with unchanged configuration
 * keeps its breaker and its locations, and running requests keep the `Upstream` that they started
 * with. Built by assemble.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../model/time.js';
import { Upstream, type UpstreamOptions } from './upstream.js';

/** One origin of the configuration. */
export type ConfiguredOrigin = Omit<UpstreamOptions, 'via' | 'clock'>;

interface Entry {
  readonly origin: ConfiguredOrigin;
  readonly upstream: Upstream;
}

export class Upstreams {
  readonly #own: { readonly via: string; readonly clock: Clock };
  #entries: ReadonlyMap<string, Entry> = new Map();

  /** `own.via`: Forebay's Via member, the same for all origins. */
  constructor(
    own: { readonly via: string; readonly clock: Clock },
    origins: readonly ConfiguredOrigin[],
  ) {
    this.#own = own;
    this.replace(origins);
  }

  get(name: string): Upstream | undefined {
    return this.#entries.get(name)?.upstream;
  }

  get all(): readonly Upstream[] {
    return [...this.#entries.values()].map(({ upstream }) => upstream);
  }

  /** Replaces the set of origins. Names are unique. */
  replace(origins: readonly ConfiguredOrigin[]): void {
    const entries = origins.map((origin): [string, Entry] => {
      const known = this.#entries.get(origin.name);
      if (known !== undefined && isDeepStrictEqual(known.origin, origin))
        return [origin.name, known];
      const upstream = new Upstream({ ...origin, ...this.#own });
      return [origin.name, { origin, upstream }];
    });
    this.#entries = new Map(entries);
  }
}
