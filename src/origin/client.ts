/**
 * The client that fill-worker uses. It tries the lean client first and falls back to undici for a
 * response framing that the lean client does not support. It remembers such URLs and fetches their
 * next chunks by undici at once.
 */
import { LRUCache } from 'lru-cache';
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import { LeanClient } from './lean-client.js';
import type { OriginClientOptions } from './options.js';
import { UndiciClient } from './undici-client.js';

/** URLs remembered as unsupported by the lean client. Forgetting one costs one extra request. */
const MAX_REMEMBERED = 512;

/** How long a URL is remembered: a repaired origin is read by the lean client again after this. */
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
    // Without the query: the signature of a signed URL changes, the server behind it does not.
    const { origin, pathname } = new URL(request.target.url);
    const key = `${origin}${pathname}`;
    if (!this.#beyondLean.has(key)) {
      // A lane may hold one connection only, across both clients.
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
