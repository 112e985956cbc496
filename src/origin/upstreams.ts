/**
 * The configured origins by name. A reload replaces the set; an origin with an unchanged
 * configuration keeps its breaker and its redirects, and running requests keep the upstream that
 * they began with. Built by assemble; used by cache/answer/cache for each request.
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

  /** `own.via`: our Via member, the same for all of them. */
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

  /** From now on there are these, and no others. Names are unique. */
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
