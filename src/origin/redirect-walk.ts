/**
 * One request's way through redirects, hop by hop: it starts at the URI or at a remembered place,
 * and collects the caching fields of every hop. Made by OriginLocator, driven by
 * cache/fetch/origin-fetch.
 */
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { NO_REDIRECTS, type RedirectChain } from '../model/redirect-chain.js';
import type { HopTimes } from './hop.js';
import type { Location } from './locations.js';

/** What a way needs of the source that it belongs to. */
interface WaySteps {
  target(location: Location | undefined): FetchUrl;
  redirected(
    known: Location | undefined,
    from: FetchUrl,
    head: OriginHead,
    times: HopTimes,
  ): Location;
  refused(target: FetchUrl): boolean;
}

export class RedirectWalk {
  readonly #steps: WaySteps;
  #location: Location | undefined;

  constructor(from: Location | undefined, steps: WaySteps) {
    this.#location = from;
    this.#steps = steps;
  }

  /** The redirects so far. */
  get chain(): RedirectChain {
    return this.#location?.chain ?? NO_REDIRECTS;
  }

  /** The next target, with all of the client's end-to-end fields. */
  target(): FetchUrl {
    return this.#steps.target(this.#location);
  }

  /** Goes where `head`, answered to `from`, leads; throws why it may not. */
  redirected(from: FetchUrl, head: OriginHead, times: HopTimes): void {
    this.#location = this.#steps.redirected(this.#location, from, head, times);
  }

  /** The target refused the request. True if the walk begins again, which it then does. */
  refused(target: FetchUrl): boolean {
    this.#location = undefined;
    return this.#steps.refused(target);
  }
}
