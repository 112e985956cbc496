/**
 * A stored response that has answered a request and may answer later ones without a lookup. It
 * caches no decision: for each request it repeats the checks of cache/answer/cache on the same
 * records. If anything has changed it returns `undefined`, and the request is looked up. Made by
 * Cache, kept by the HTTP front.
 */
import { chunkIndexAt, offsetInChunk } from '../../model/chunk.js';
import { emptyHeaders, type HeaderMap } from '../../model/headers.js';
import type { ResponseKey } from '../../model/ids.js';
import type { ResponseRecord, StoredResponse } from '../../model/response.js';
import type { ObjectOffset } from '../../model/offset.js';
import type { Upstream } from '../../origin/upstream.js';
import type { Body, CacheRequest, OpenPart, ReusableHit, HitFreshness } from '../api/facade.js';
import { assess } from '../rfc9111/assess.js';
import { chainFields, variedFields } from '../rfc9111/chain.js';
import type { Generation } from '../object/generation.js';
import type { Generations } from '../object/generations.js';
import type { CacheServices } from '../api/services.js';
import { withDigests } from '../object/digest-fields.js';
import { isJoinable } from '../rfc9111/stored-digests.js';

/** The parts of the cache that a reusable hit uses. */
export interface ReusableHitDeps {
  readonly services: Pick<CacheServices, 'responses'>;
  readonly generations: Pick<Generations, 'touch'>;
  /** Returns the origin that has this name now: a reload may have replaced it. */
  readonly upstreamOf: (name: string) => Upstream | undefined;
  /** Makes a body of the hit's generation for `request`, as a lookup would. */
  readonly bodyOf: (request: CacheRequest, hit: HitSource) => Body;
}

/** The parts from which the answer was made. */
export interface HitSource {
  readonly upstream: Upstream;
  readonly key: ResponseKey;
  readonly record: ResponseRecord;
  readonly stored: StoredResponse;
  readonly generation: Generation;
}

/** The fields of a request that uses the hit: it has none that an assessment would consider. */
const NO_FIELDS = emptyHeaders();

/**
 * Makes a reusable hit of `source`, for any request without conditions, directives and credentials.
 * Returns `undefined` if the response cannot be reused without a lookup.
 */
export function reusableHit(source: HitSource, deps: ReusableHitDeps): ReusableHit | undefined {
  const { upstream, record, stored, generation } = source;
  const { lengthBytes } = generation;
  if (stored.status !== 200 || lengthBytes === null || generation.isEphemeral) return undefined;
  // A lookup is needed if chunks cannot be fetched again, or if bytes are released only after a
  // check.
  if (!isJoinable(stored) || upstream.integrity === 'strict') return undefined;
  // The end of a check changes which digest fields are sent.
  if (!isSettled(generation)) return undefined;
  // If any variant depends on request fields, so does the selection among them.
  if (record.variants.some((one) => variedFields(one).length > 0)) return undefined;
  return new StoredReusableHit(source, deps, lengthBytes);
}

class StoredReusableHit implements ReusableHit {
  readonly headers: HeaderMap;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  readonly #source: Omit<HitSource, 'generation'>;
  /**
   * Weak: a generation is as large as its manifest. A remembered hit must not keep it in memory.
   */
  readonly #generation: WeakRef<Generation>;
  readonly #deps: ReusableHitDeps;

  constructor({ generation, ...source }: HitSource, deps: ReusableHitDeps, lengthBytes: number) {
    const { stored } = source;
    this.headers = withDigests(chainFields(stored.headers, stored), generation);
    this.receivedAtMs = stored.responseTimeMs;
    this.lengthBytes = lengthBytes;
    this.#source = source;
    this.#generation = new WeakRef(generation);
    this.#deps = deps;
  }

  freshnessAt(steadyMs: number): HitFreshness | undefined {
    const { upstream, key, record, stored } = this.#source;
    const { services, generations, upstreamOf } = this.#deps;
    if (upstreamOf(upstream.name) !== upstream) return undefined;
    // Records are replaced, never changed: the same one selects the same response.
    if (services.responses.hot(key) !== record) return undefined;
    const generation = this.#generation.deref();
    if (generation === undefined || !generations.touch(generation)) return undefined;
    if (generation.endReason !== undefined || !isSettled(generation)) return undefined;
    const found = assess(stored, NO_FIELDS, steadyMs);
    return found.kind === 'fresh' ? found : undefined;
  }

  open(start: ObjectOffset, end: ObjectOffset): OpenPart | undefined {
    const generation = this.#generation.deref();
    if (generation === undefined) return undefined;
    const { chunkSizeBytes } = generation;
    const index = chunkIndexAt(start, chunkSizeBytes);
    const offset = offsetInChunk(start, chunkSizeBytes);
    if (offset + end - start > chunkSizeBytes) return undefined;
    // An arriving body or a flight may withhold the chunk, or be about to replace it.
    if (generation.intake !== undefined || generation.flight(index) !== undefined) return undefined;
    const held = generation.openNow(index);
    if (held === undefined) return undefined;
    return {
      file: held.file,
      offset,
      length: end - start,
      fileLength: held.record.lengthBytes,
      release: () => {
        held.release();
      },
    };
  }

  async ready(start: ObjectOffset, end: ObjectOffset): Promise<void> {
    const generation = this.#generation.deref();
    if (start === end || generation === undefined || generation.intake !== undefined) return;
    const index = chunkIndexAt(start, generation.chunkSizeBytes);
    if (!generation.isHeld(index)) return;
    generation.retain();
    await generation.ready(index);
    generation.release();
  }

  body(request: CacheRequest): Body | undefined {
    const generation = this.#generation.deref();
    return generation && this.#deps.bodyOf(request, { ...this.#source, generation });
  }
}

/** True when no digest check is in progress, and none has failed or been given up. */
function isSettled({ integrity }: Generation): boolean {
  switch (integrity.state.kind) {
    case 'unclaimed':
    case 'attested':
      return true;
    case 'pending':
    case 'mismatch':
    case 'given-up':
      return false;
  }
}
