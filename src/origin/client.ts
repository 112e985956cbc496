/**
 * The client that workers use: the lean reader first, and undici for what the lean reader does not
 * understand. Remembers which URLs those were, so that their next chunks take no detour.
 */
import { LRUCache } from 'lru-cache';
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import { LeanClient } from './lean-client.js';
import type { OriginClientOptions } from './options.js';
import { UndiciClient } from './undici-client.js';

/** URLs remembered as beyond the lean reader. Forgetting one costs one detour. */
const MAX_REMEMBERED = 512;

/** An origin that has been mended is read lean again after this long. */
const REMEMBER_MS = 10 * 60_000;

export class FallbackClient implements OriginClient {
  readonly #lean: LeanClient;
  readonly #undici: UndiciClient;
  readonly #beyondLean: LRUCache<string, true>;

  constructor(options: OriginClientOptions) {
    this.#lean = new LeanClient(options);
    this.#undici = new UndiciClient(options);
    this.#beyondLean = new LRUCache({
      max: MAX_REMEMBERED,
      ttl: REMEMBER_MS,
      ttlResolution: 0,
      perf: { now: () => options.clock.monotonic() },
    });
  }

  async fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome> {
    // Without the query: a signed URL differs each time and its origin does not.
    const { origin, pathname } = new URL(request.target.url);
    const key = `${origin}${pathname}`;
    if (!this.#beyondLean.has(key)) {
      // A lane holds one connection, whichever client made it.
      await this.#undici.release(request.lane);
      const outcome = await this.#lean.fetch(request, sink);
      if (outcome.kind !== 'unsupported-framing') return outcome;
      this.#beyondLean.set(key, true);
    }
    await this.#lean.release(request.lane);
    return this.#undici.fetch(request, sink);
  }

  async close(): Promise<void> {
    await Promise.all([this.#lean.close(), this.#undici.close()]);
  }
}
