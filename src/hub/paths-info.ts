/**
 * `POST paths-info/{revision}`, a read that its content tells apart: kept in memory as long as a listing
 * is, for each credential apart, and what stands in while the hub cannot be asked. Used by hub/passed.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheAnswer } from '../cache/answer.js';
import type { PassFacade, PassRequest } from '../cache/pass.js';
import type { CacheServices } from '../cache/services.js';
import { isDisconnected } from '../cache/verdict.js';
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { MAX_REDIRECT_HOPS } from '../origin/redirect.js';
import { notAsked, overloaded, ownError, refusalOf, refused } from './answers.js';
import type { ApiAsking } from './api.js';
import { JsonAnswers } from './json-answers.js';
import { targetBelow } from './link.js';
import { type HubPolicy, saidLifetimeMs, YEAR_MS } from './policy.js';
import { readBody } from './read-body.js';

/** The most content of one request: some ten thousand paths. */
const MAX_CONTENT_BYTES = 1024 * 1024;

/** Memory for answers that are kept. */
const KEPT_BYTES = 16 * 1024 * 1024;

interface Kept {
  readonly headers: HeaderMap;
  readonly raw: Buffer;
  /** When the hub said so, in ms since the epoch. */
  readonly saidAtMs: number;
}

export class PathsInfo {
  readonly #services: Pick<CacheServices, 'clock' | 'limits'>;
  readonly #passing: PassFacade;
  readonly #policy: () => HubPolicy;
  readonly #answers = new JsonAnswers();
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ raw }) => raw.length + 1,
  });

  constructor(
    services: Pick<CacheServices, 'clock' | 'limits'>,
    passing: PassFacade,
    policy: () => HubPolicy,
  ) {
    this.#services = services;
    this.#passing = passing;
    this.#policy = policy;
  }

  /** `request` has the fields for the hub, `own` is what its client calls us. Rejects with a `ForebayError`. */
  async answer(request: PassRequest, asking: ApiAsking, own: string): Promise<CacheAnswer> {
    const content = await contentOf(request);
    if (content === undefined) return ownError(413, null, 'The request names too many paths');
    const key = keyOf(request, asking, content);
    const kept = this.#kept.get(key);
    const lifetimeMs = saidLifetimeMs(asking.route.revision, asking.who, this.#policy());
    const fresh = this.#fromKept(kept, lifetimeMs, asking, own);
    if (fresh !== undefined) return fresh;
    const standIn = (): CacheAnswer | undefined =>
      this.#policy().offline ? this.#fromKept(kept, YEAR_MS, asking, own, 'offline') : undefined;
    let answer: CacheAnswer;
    try {
      answer = await this.#ask(request, asking, content);
    } catch (error) {
      if (!(error instanceof ForebayError) || !isDisconnected(error)) throw error;
      return standIn() ?? notAsked(error);
    }
    try {
      const { status, headers, outcome } = answer;
      if (status === 429) return overloaded();
      if (status >= 500) return standIn() ?? overloaded();
      if (status !== 200) {
        this.#kept.delete(key);
        return refused(refusalOf(status, headers));
      }
      const { clock, limits } = this.#services;
      const sourceIdleTimeoutMs = limits.requestTimeoutMs;
      const raw = await readBody(answer.body, { clock, sourceIdleTimeoutMs });
      const told = this.#answers.answer({ headers, raw, outcome }, asking.upstream, own);
      this.#kept.set(key, { headers, raw, saidAtMs: clock.now() });
      return told;
    } finally {
      answer.body.close();
    }
  }

  /** What is kept, if it is no older than `lifetimeMs`. */
  #fromKept(
    kept: Kept | undefined,
    lifetimeMs: number,
    { upstream }: ApiAsking,
    own: string,
    detail?: string,
  ): CacheAnswer | undefined {
    if (kept === undefined) return undefined;
    const ageMs = this.#services.clock.now() - kept.saidAtMs;
    if (ageMs < 0 || ageMs >= lifetimeMs) return undefined;
    const { headers, raw } = kept;
    const outcome = {
      kind: 'hit',
      unverified: false,
      ...(detail !== undefined && { detail }),
    } as const;
    const answer = this.#answers.answer({ headers, raw, outcome }, upstream, own);
    return { ...answer, ageSeconds: Math.floor(ageMs / 1000) };
  }

  /** Follows a repository that was renamed: the redirect keeps method and content (RFC 9110 15.4.8). */
  async #ask(request: PassRequest, { upstream }: ApiAsking, content: Buffer): Promise<CacheAnswer> {
    let { target } = request;
    for (let hops = 0; ; hops += 1) {
      const passed = { lengthBytes: content.length, bytes: once(content) };
      const answer = await this.#passing.pass({ ...request, target, content: passed });
      const next =
        hops < MAX_REDIRECT_HOPS
          ? movedTo(answer, upstream.uriOf(target), upstream.uriOf(''))
          : undefined;
      if (next === undefined) return answer;
      answer.body.close();
      target = next;
    }
  }
}

/** The target that a redirect within the hub leads to. */
function movedTo(
  { status, headers }: CacheAnswer,
  from: string,
  upstream: string,
): string | undefined {
  if (status !== 307 && status !== 308) return undefined;
  return targetBelow(headerValue(headers, 'location') ?? '', from, upstream);
}

/** All of it; `undefined` when it is too long. */
async function contentOf({ content }: PassRequest): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content?.bytes ?? []) {
    length += piece.length;
    if (length > MAX_CONTENT_BYTES) return undefined;
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

function keyOf(
  { target, headers }: PassRequest,
  { upstream, who }: ApiAsking,
  content: Buffer,
): string {
  const type = headerValue(headers, 'content-type') ?? '';
  const asked = createHash('sha256').update(content).digest('hex');
  return JSON.stringify([upstream.uriOf(target), who.key, type, asked]);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
