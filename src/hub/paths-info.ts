/**
 * Answers `POST paths-info/{revision}`, a read whose content names the paths. Answers are kept in
 * memory by content and credential, for as long as a listing; in offline mode a stale one is used
 * while the hub is unreachable. Used by hub/passed.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheAnswer } from '../cache/api/facade.js';
import { looped } from '../origin/via.js';
import type { PassFacade, PassRequest } from '../cache/passthrough/pass.js';
import type { StaleReason } from '../cache/api/outcome.js';
import type { CacheServices } from '../cache/api/services.js';
import { isDisconnected } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { MAX_REDIRECT_HOPS } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { isOverload, loadAnswer, notAsked, ownError, refusalOf, refused } from './answers.js';
import type { ApiQuestion } from './api.js';
import { QuestionLimit } from './question-limit.js';
import { type JsonAnswers, type Made, readFields } from './json-answers.js';
import { targetAtHub } from './names.js';
import { type HubPolicy, saidLifetimeMs, YEAR_MS } from './policy.js';
import { readDecoded, wordsOf } from './read-body.js';
import { accessTo, type Refusals } from './refusals.js';
import type { XetRepositories } from './xet.js';

/** The most content of one request: some ten thousand paths. */
const MAX_CONTENT_BYTES = 1024 * 1024;

/** Concurrent requests: each may hold `MAX_CONTENT_BYTES`. */
const MAX_ASKED = 64;

/** Memory for answers that are kept. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Memory of an entry beside its bytes: its key, its fields, the map's own. */
const ENTRY_BYTES = 1024;

/** The longest time for which a kept answer is fresh. */
const MAX_FRESH_MS = 60 * 60 * 1000;

interface Kept {
  readonly headers: HeaderMap;
  readonly made: Made & { readonly bytes: Uint8Array };
  /**
   * The question's order (model/sequence) and the purge epoch (cache/api/purges) when it was sent.
   */
  readonly order: number;
  readonly purged: number;
  /** When the hub answered, in ms since the epoch. */
  readonly answeredAtMs: number;
}

interface Question {
  readonly request: PassRequest;
  readonly content: Buffer;
  /** The mirror's URL as the client addresses it. */
  readonly own: string;
}

/** The result of a request to the hub. */
type PathsAnswer =
  /** The hub answered; `kept` replaces the kept answer, and `null` removes it. */
  | { readonly kind: 'answered'; readonly answer: CacheAnswer; readonly kept: Kept | null }
  /** The hub sent a 429. */
  | { readonly kind: 'busy'; readonly answer: CacheAnswer }
  /** The hub failed or did not answer: a kept answer may be used instead of this one. */
  | { readonly kind: 'outage'; readonly answer: CacheAnswer };

export interface PathsInfoDeps {
  readonly services: Pick<CacheServices, 'clock' | 'limits' | 'sequence' | 'purges'>;
  readonly passing: PassFacade;
  readonly policy: () => HubPolicy;
  readonly refusals: Refusals;
  readonly xet: XetRepositories;
  readonly json: JsonAnswers;
}

export class PathsInfo {
  readonly #deps: PathsInfoDeps;
  readonly #limit = new QuestionLimit(MAX_ASKED);
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ made }) => made.bytes.length + made.read.cuts.byteLength + ENTRY_BYTES,
  });

  constructor(deps: PathsInfoDeps) {
    this.#deps = deps;
  }

  /**
   * Answers `request`, whose fields are already those for the hub. `own` is the mirror's URL as the
   * client addresses it. Rejects with a `ForebayError`.
   */
  async answer(request: PassRequest, asking: ApiQuestion, own: string): Promise<CacheAnswer> {
    const leave = this.#limit.enter(request.client);
    try {
      const content = await contentOf(request);
      if (content === undefined) return ownError(413, null, 'The request names too many paths');
      return await this.#answerTo({ request, content, own }, asking);
    } finally {
      leave();
    }
  }

  async #answerTo(question: Question, asking: ApiQuestion): Promise<CacheAnswer> {
    const { policy, refusals, services } = this.#deps;
    const { upstream } = asking;
    const key = keyOf(question, asking);
    const place = { origin: upstream.name, uri: upstream.uriOf(question.request.target) };
    const refusedAt = await refusals.lastAt(accessTo(asking));
    const isUsable = ({ order, purged }: Kept): boolean =>
      order > refusedAt && services.purges.spares(place, purged);
    const found = this.#kept.get(key);
    const kept = found !== undefined && isUsable(found) ? found : undefined;
    const lifetimeMs = saidLifetimeMs(asking.route.revision, asking.who, policy());
    const fresh = this.#fromKept(kept, Math.min(lifetimeMs, MAX_FRESH_MS), question, asking);
    if (fresh !== undefined) return fresh;
    const now = await this.#askHub(question, asking);
    if (now.kind === 'answered') {
      if (now.kept === null) this.#kept.delete(key);
      else if (now.kept.order > (this.#kept.get(key)?.order ?? 0)) this.#kept.set(key, now.kept);
    }
    if (now.kind !== 'outage' || !policy().offline) return now.answer;
    // The hub may have refused this credential in the meantime.
    if (kept !== undefined && kept.order <= (await refusals.lastAt(accessTo(asking)))) {
      return now.answer;
    }
    return this.#fromKept(kept, YEAR_MS, question, asking, 'offline') ?? now.answer;
  }

  /** Returns an answer from `kept` if it is younger than `lifetimeMs`. */
  #fromKept(
    kept: Kept | undefined,
    lifetimeMs: number,
    { request, own }: Question,
    { upstream }: ApiQuestion,
    detail?: StaleReason,
  ): CacheAnswer | undefined {
    if (kept === undefined) return undefined;
    const ageMs = this.#deps.services.clock.now() - kept.answeredAtMs;
    if (ageMs < 0 || ageMs >= lifetimeMs) return undefined;
    const { headers, made } = kept;
    const hit = { kind: 'hit', unverified: false } as const;
    const outcome = detail === undefined ? hit : { ...hit, detail };
    const answer = this.#deps.json.answerOf(headers, made, outcome, {
      upstream,
      target: request.target,
      own,
    });
    return { ...answer, ageSeconds: Math.floor(ageMs / 1000) };
  }

  async #askHub(question: Question, asking: ApiQuestion): Promise<PathsAnswer> {
    try {
      const { sequence, purges } = this.#deps.services;
      const moment = { order: sequence.next(), purged: purges.epoch };
      const answer = await this.#passOn(question, asking);
      try {
        return await this.#read(answer, question, asking, moment);
      } finally {
        answer.body.close();
      }
    } catch (error) {
      // A hub whose answer is malformed was reached: that is no outage.
      const isMalformed = error instanceof ForebayError && error.code === 'origin-protocol';
      if (!(error instanceof ForebayError) || isMalformed || !isDisconnected(error)) throw error;
      return { kind: 'outage', answer: notAsked(error) };
    }
  }

  /**
   * Sends the request and follows redirects of a renamed repository: 307 and 308 keep the method
   * and the content (RFC 9110 sections 15.4.8 and 15.4.9).
   */
  async #passOn({ request, content }: Question, { upstream }: ApiQuestion): Promise<CacheAnswer> {
    let { target } = request;
    for (let hops = 0; ; hops += 1) {
      const passed = { lengthBytes: content.length, bytes: once(content) };
      const answer = await this.#deps.passing.pass({ ...request, target, content: passed });
      const next = movedTo(answer, upstream.uriOf(target), upstream);
      if (next === undefined || hops === MAX_REDIRECT_HOPS) return answer;
      answer.body.close();
      target = next;
    }
  }

  async #read(
    { status, headers, body, outcome }: CacheAnswer,
    { request, own }: Question,
    asking: ApiQuestion,
    moment: Pick<Kept, 'order' | 'purged'>,
  ): Promise<PathsAnswer> {
    const { services, refusals, xet, json } = this.#deps;
    const { clock, limits } = services;
    const nowMs = clock.now();
    const bounds = { clock, sourceIdleTimeoutMs: limits.requestTimeoutMs };
    if (status === 508) throw looped();
    if (isOverload(status)) {
      const words = status === 429 ? await wordsOf(body, headers, bounds) : undefined;
      const answer = loadAnswer({ status, headers }, nowMs, words);
      return { kind: status === 429 ? 'busy' : 'outage', answer };
    }
    if (status !== 200) {
      const refusal = refusalOf(status, headers);
      await refusals.refused(accessTo(asking), refusal, moment.order);
      return { kind: 'answered', answer: refused(refusal), kept: null };
    }
    const made = await json.make(await readDecoded({ body, headers }, bounds));
    const answer = json.answerOf(headers, made, outcome, {
      upstream: asking.upstream,
      target: request.target,
      own,
    });
    if (answer.isXetKept) xet.add(asking.upstream.name, asking.route.repository);
    const kept = { headers: readFields(headers), made, answeredAtMs: nowMs, ...moment };
    return { kind: 'answered', answer, kept };
  }
}

/** Returns the target of a redirect within the hub; `undefined` for any other answer. */
function movedTo(
  { status, headers }: CacheAnswer,
  from: string,
  upstream: Upstream,
): string | undefined {
  if (status !== 307 && status !== 308) return undefined;
  return targetAtHub(headerValue(headers, 'location') ?? '', from, upstream, 'own');
}

/** Reads the request content; returns `undefined` beyond `MAX_CONTENT_BYTES`. */
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

/** Returns a digest of everything that selects an answer: targets and contents may be long. */
function keyOf({ request, content }: Question, { upstream, who }: ApiQuestion): string {
  const type = headerValue(request.headers, 'content-type') ?? '';
  const head = JSON.stringify([upstream.uriOf(request.target), who.key, type]);
  return createHash('sha256').update(head).update('\0').update(content).digest('base64');
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
