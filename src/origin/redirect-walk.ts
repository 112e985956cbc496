/**
 * Follows the redirects of one request, hop by hop, from the URI or from a remembered location, and
 * keeps the chain of hops. Made by an OriginLocator; used by cache/fetch/origin-fetch.
 */
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { NO_REDIRECTS, type RedirectChain } from '../model/redirect-chain.js';
import type { HopTimes } from './hop.js';
import type { Location } from './locations.js';

/** The functions of the OriginLocator that a walk calls. */
interface WalkSteps {
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
  readonly #steps: WalkSteps;
  #location: Location | undefined;

  constructor(from: Location | undefined, steps: WalkSteps) {
    this.#location = from;
    this.#steps = steps;
  }

  /** The redirects so far. */
  get chain(): RedirectChain {
    return this.#location?.chain ?? NO_REDIRECTS;
  }

  /**
   * Returns the target of the next request, with the client's end-to-end fields; a host other than
   * the origin gets only those that select a representation.
   */
  target(): FetchUrl {
    return this.#steps.target(this.#location);
  }

  /** Follows the redirect `head`, the response to `from`; throws where it must not be followed. */
  redirected(from: FetchUrl, head: OriginHead, times: HopTimes): void {
    this.#location = this.#steps.redirected(this.#location, from, head, times);
  }

  /**
   * Handles a 401 or 403 from `target` and goes back to the URI. True when a request from there may
   * succeed.
   */
  refused(target: FetchUrl): boolean {
    this.#location = undefined;
    return this.#steps.refused(target);
  }
}
