/**
 * A stored response that has answered once and may do so again without a lookup while nothing has
 * changed. It caches no decision: each time it makes every check that cache/answer/cache makes, on
 * the same records, and gives no answer if a check fails. Made by Cache, held by the front.
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

/** The parts of the cache that it checks. */
export interface ReusableHitDeps {
  readonly services: Pick<CacheServices, 'responses'>;
  readonly generations: Pick<Generations, 'touch'>;
  /** The origin of that name now: a reload may have replaced it. */
  readonly upstreamOf: (name: string) => Upstream | undefined;
  /** A body of `generation` for `request`, as a lookup would give it. */
  readonly bodyOf: (request: CacheRequest, hit: HitSource) => Body;
}

/** What the answer was made of. */
export interface HitSource {
  readonly upstream: Upstream;
  readonly key: ResponseKey;
  readonly record: ResponseRecord;
  readonly stored: StoredResponse;
  readonly generation: Generation;
}

/** The request has no directives that an assessment considers. */
const NO_FIELDS = emptyHeaders();

/**
 * A reusable hit of `source` for unconditional requests; `undefined` if its kind does not allow
 * one.
 */
export function reusableHit(source: HitSource, deps: ReusableHitDeps): ReusableHit | undefined {
  const { upstream, record, stored, generation } = source;
  const { lengthBytes } = generation;
  if (stored.status !== 200 || lengthBytes === null || generation.isEphemeral) return undefined;
  // Bytes that cannot be fetched again, or are withheld until a check, need a lookup.
  if (!isJoinable(stored) || upstream.integrity === 'strict') return undefined;
  // A check that ends changes which digest fields are sent.
  if (!isSettled(generation)) return undefined;
  // Where any variant depends on the request, the choice among them does.
  if (record.variants.some((one) => variedFields(one).length > 0)) return undefined;
  return new StoredReusableHit(source, deps, lengthBytes);
}

class StoredReusableHit implements ReusableHit {
  readonly headers: HeaderMap;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  readonly #source: Omit<HitSource, 'generation'>;
  /** A generation is as large as its manifest: remembering a hit must not keep it in memory. */
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
    // A running fetch may withhold the chunk, or be about to replace it.
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

/** No check of a digest is under way, or has failed. */
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
