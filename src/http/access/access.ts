/**
 * Decides which requests this listener accepts, before the cache is asked: by the name in Host
 * (http/access/hosts), and by the web page that sends them (http/access/cross-origin). Made by
 * http/server from the configuration, anew at a reload; used by http/exchange/exchange and
 * http/hits/hot-hits.
 */
import { hostname } from 'node:os';
import type { HitServer } from '../../compute/hit-server.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import { crossOrigin, plainFields, type Shared } from './cross-origin.js';
import { HostRule } from './hosts.js';
import type { Mount } from '../request/route.js';

/** Host fields that the hit server knows; clients of one listener use a handful. */
const MAX_HOSTS = 64;

export type Admission =
  /** `fields` go with the answer; for a preflight of a browser they are the answer. */
  | { readonly kind: 'admitted' | 'preflight'; readonly fields: HeaderMap }
  | { readonly kind: 'refused'; readonly reason: 'host-not-allowed' | 'cross-site' };

const NOBODY: Shared = { cors: [], isLent: false, isHub: false };

/** The part of the configuration that decides. */
export interface AccessConfig {
  /** `hosts`: names of this listener beside those that http/access/hosts always takes. */
  readonly listen: { readonly hosts?: readonly string[] };
  readonly origins: readonly Mount[];
}

/** What answers without asking here (compute/hit-server). */
export type HostGuard = Pick<HitServer, 'guardHosts' | 'admitHost'>;

export class Access {
  readonly #rule: HostRule;
  readonly #isStrict: boolean;
  /** True where some mount is closed to other names: then a Host has to be looked at. */
  readonly guardsHosts: boolean;
  readonly #shared: ReadonlyMap<string, Shared>;
  readonly #warned = new Set<string>();
  readonly #server: HostGuard | null;

  /** `server` answers only Hosts that were admitted here, where that matters. */
  constructor({ listen, origins: mounts }: AccessConfig, server: HostGuard | null) {
    const { hosts = [] } = listen;
    this.#rule = new HostRule(hosts, hostname());
    this.#isStrict = hosts.length > 0;
    this.#server = server;
    this.#shared = new Map(
      mounts.map(({ name, cors = [], isLent = false, isHub = false }) => [
        name,
        { cors, isLent, isHub },
      ]),
    );
    this.guardsHosts = this.#isStrict || mounts.some(({ isLent }) => isLent === true);
    server?.guardHosts(this.guardsHosts);
  }

  /** The same by another configuration. */
  renewed(config: AccessConfig): Access {
    return new Access(config, this.#server);
  }

  /** Judges a request to the origin of a mount. */
  judge(method: string, headers: HeaderMap, origin: string): Admission {
    if (!this.admitsHost(headerValue(headers, 'host'), origin)) {
      return { kind: 'refused', reason: 'host-not-allowed' };
    }
    const judged = crossOrigin(method, headers, this.#sharedOf(origin));
    return judged.kind === 'refused' ? { kind: 'refused', reason: 'cross-site' } : judged;
  }

  /** True when a request with this Host field may be answered for the origin. */
  admitsHost(field: string | undefined, origin: string): boolean {
    if (!this.guardsHosts) return true;
    const isOurs = this.#rule.names(field);
    if (isOurs && field !== undefined) this.#warn(field);
    return isOurs || !(this.#isStrict || this.#sharedOf(origin).isLent);
  }

  /** Fields of the answer to a plain request. */
  plainFields(origin: string): HeaderMap {
    return plainFields(this.#sharedOf(origin));
  }

  #sharedOf(origin: string): Shared {
    return this.#shared.get(origin) ?? NOBODY;
  }

  #warn(field: string): void {
    if (this.#warned.size >= MAX_HOSTS || this.#warned.has(field)) return;
    this.#warned.add(field);
    this.#server?.admitHost(field);
  }
}
