/**
 * Decides whether a credential may read a file, and which commit, digest and length it has. A
 * recent decision is reused; otherwise the hub gets one HEAD for all concurrent requests alike.
 * Used by hub/files, which looks up bytes only after a decision.
 */
import { LRUCache } from 'lru-cache';
import { looped } from '../origin/via.js';
import type { CacheServices } from '../cache/api/services.js';
import { SingleFlight } from '../model/single-flight.js';
import { isDisconnected } from '../origin/verdict.js';
import { deferred } from '../model/deferred.js';
import { isRefutedBy } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { headerBytes, headerValue } from '../model/headers.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { StoredResponse } from '../model/response.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { isOverload, loadAnswer, notAsked, type Refusal, refusalOf, tooSlow } from './answers.js';
import { type FileRoute, namedLast, targetOf } from './file-names.js';
import { contradicts, isOfPin, notAsPinned, notOfThatLength, pinOf } from './file-pins.js';
import type { Decision, DecisionRequest } from './decision.js';
import { HeadClient, type Heads } from './head-client.js';
import { rememberWay } from './remember-way.js';
import { type FileFacts, factsOf, missingOf } from './metadata.js';
import { fileHeaders, permission, Permissions } from './permissions.js';
import { type HubPolicy, NAME_LIFETIME_MS } from './policy.js';
import { accessesTo, accessTo, type Refusals } from './refusals.js';
import { isCommit } from './route.js';

/** Absent files remembered; one more evicts the least recently used. */
const MAX_ABSENT = 10_000;

/** Their memory, the hub's refusals included. */
const MAX_ABSENT_BYTES = 16 * 1024 * 1024;

export class Decisions {
  readonly #services: CacheServices;
  readonly #policy: () => HubPolicy;
  readonly #client: HeadClient;
  readonly #permissions: Permissions;
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Decision>>();
  /** The hub's refusals for absent files, by file URI and credential key. */
  readonly #absent: LRUCache<string, { readonly refusal: Refusal; readonly purged: number }>;
  readonly #refusals: Refusals;

  constructor(services: CacheServices, policy: () => HubPolicy, refusals: Refusals) {
    this.#services = services;
    this.#policy = policy;
    this.#refusals = refusals;
    this.#client = new HeadClient(services);
    this.#permissions = new Permissions(services.responses);
    const perf = { now: () => services.clock.monotonic() };
    this.#absent = new LRUCache({
      max: MAX_ABSENT,
      maxSize: MAX_ABSENT_BYTES,
      sizeCalculation: ({ refusal }, key) => headerBytes(refusal.headers) + key.length,
      perf,
    });
  }

  async decide(question: DecisionRequest): Promise<Decision> {
    const { upstream, route, who } = question;
    const uri = upstream.uriOf(targetOf(route, route.revision));
    const key = JSON.stringify([uri, who.key]);
    const decided = await this.#decided(question, uri, key);
    if (decided !== undefined) return decided;
    const decide = async (): Promise<Decision> =>
      // Looks again inside the flight, because the look above is asynchronous: `b` finds nothing,
      // then `a` gets its decision and its flight ends, and `b` would lead a second flight. No
      // flight for this key can end between this look and the request.
      (await this.#decided(question, uri, key)) ?? this.#queryCurrent(question, uri, key);
    const hasFallback = this.#policy().offline && (await this.#known(question, uri)) !== undefined;
    const flight = this.#flightsOf(upstream).run(key, decide);
    const fresh = await (hasFallback ? this.#hasty(flight.outcome) : flight.outcome);
    const isOutage =
      fresh.kind === 'unreachable' || (fresh.kind === 'overloaded' && fresh.isOutage);
    if (!isOutage || !this.#policy().offline) return fresh;
    // Looked up only now: the hub may have refused this credential in the meantime.
    const known = await this.#known(question, uri);
    return known === undefined ? fresh : { kind: 'granted', stored: known, offline: true };
  }

  /** Returns a decision that is recent enough to be reused. */
  async #decided(
    question: DecisionRequest,
    uri: string,
    key: string,
  ): Promise<Decision | undefined> {
    const known = await this.#known(question, uri);
    const ageMs = this.#services.clock.now() - (known?.responseTimeMs ?? 0);
    if (known !== undefined && ageMs >= 0 && ageMs < this.#lifetimeMs(question.route)) {
      return { kind: 'granted', stored: known, offline: false };
    }
    const absent = this.#absent.get(key);
    const isSpared = absent !== undefined && this.#isSpared(question, uri, absent.purged);
    return isSpared ? { kind: 'refused', refusal: absent.refusal } : undefined;
  }

  /** Returns the permission that is neither revoked nor contradicted by a pin, however old. */
  async #known(question: DecisionRequest, uri: string): Promise<StoredResponse | undefined> {
    const { upstream, who } = question;
    const found = await this.#permissions.find(upstream.name, uri, who.key);
    if (found === undefined || !isOfPin(found, pinOf(question))) return undefined;
    if (await this.#isRefusedSince(question, found)) return undefined;
    this.#refusals.granted(accessTo(question), found.object);
    return found;
  }

  /** True when the hub refused this credential the whole repository after it granted this file. */
  async #isRefusedSince(
    question: DecisionRequest,
    { object, order }: StoredResponse,
  ): Promise<boolean> {
    for (const access of accessesTo(question, [object.uri])) {
      if (order <= (await this.#refusals.lastAt(access))) return true;
    }
    return false;
  }

  #isSpared({ upstream }: DecisionRequest, uri: string, purged: number): boolean {
    return this.#services.purges.spares({ origin: upstream.name, uri }, purged);
  }

  #lifetimeMs({ revision }: FileRoute): number {
    const { authorizationTtlMs } = this.#policy();
    return isCommit(revision) ? authorizationTtlMs : Math.min(authorizationTtlMs, NAME_LIFETIME_MS);
  }

  #flightsOf(upstream: Upstream): SingleFlight<string, Decision> {
    const known = this.#flights.get(upstream);
    if (known !== undefined) return known;
    const flights = new SingleFlight<string, Decision>();
    this.#flights.set(upstream, flights);
    return flights;
  }

  /** Queries the hub, and once more if a refusal of a later request overtook the grant. */
  async #queryCurrent(question: DecisionRequest, uri: string, key: string): Promise<Decision> {
    const first = await this.#query(question, uri, key);
    const isOvertaken =
      first.kind === 'granted' && (await this.#isRefusedSince(question, first.stored));
    return isOvertaken ? this.#query(question, uri, key) : first;
  }

  async #query(question: DecisionRequest, uri: string, key: string): Promise<Decision> {
    const { route } = question;
    const { sequence, purges } = this.#services;
    const moment = { order: sequence.next(), purged: purges.epoch };
    let found: Heads;
    try {
      found = await this.#client.heads(question, targetOf(route, route.revision));
    } catch (error) {
      if (!(error instanceof ForebayError) || !isDisconnected(error)) throw error;
      const answer = notAsked(error);
      if (error.code === 'origin-busy') return { kind: 'overloaded', isOutage: true, answer };
      return { kind: 'unreachable', answer };
    }
    const last = found.heads.at(-1) ?? found.heads[0];
    const { status } = last;
    if (status === 508) throw looped();
    if (isOverload(status)) {
      const answer = loadAnswer(last, this.#services.clock.now());
      return { kind: 'overloaded', isOutage: status !== 429, answer };
    }
    // A storage host may refuse HEAD alone, which implies nothing about the repository.
    const isOfStorage =
      found.isElsewhere && headerValue(last.headers, 'x-error-code') === undefined;
    if (status >= 400 && !(isOfStorage && (status === 401 || status === 403))) {
      return this.#refuse(question, { uri, key, found, moment });
    }
    const facts = factsOf(found.heads, route.revision);
    const isFile = status === 200 || isRedirect(status);
    const lengthBytes = facts?.lengthBytes ?? found.probedLength;
    if (facts === undefined || lengthBytes === null || !isFile) {
      return { kind: 'unidentified', message: missingOf(found.heads, route.revision) };
    }
    const stored = await this.#grant(question, found, { facts, lengthBytes }, moment);
    return { kind: 'granted', stored, offline: false };
  }

  /**
   * Resolves with `decision`, or with `unreachable` after the first-byte timeout. Used only when an
   * earlier decision can answer instead, so that the client need not wait for a silent hub.
   */
  #hasty(decision: Promise<Decision>): Promise<Decision> {
    const { clock, limits } = this.#services;
    const answer = tooSlow();
    const silence = deferred<Decision>();
    const cancel = clock.after(limits.fetch.firstByteTimeoutMs, () => {
      silence.resolve({ kind: 'unreachable', answer });
    });
    return Promise.race([decision, silence.promise]).finally(cancel);
  }

  async #refuse(
    question: DecisionRequest,
    { uri, key, found, moment }: Refused,
  ): Promise<Decision> {
    const { upstream, route, who } = question;
    const { status, headers } = found.heads.at(-1) ?? found.heads[0];
    const refusal = refusalOf(status, headers);
    for (const access of accessesTo(question, found.urls)) {
      await this.#refusals.refused(access, refusal, moment.order);
    }
    await this.#permissions.revoke(upstream.name, uri, who.key, moment.order);
    // The hub checks access to the repository first, so that this refusal concerns the file alone.
    if (headerValue(headers, 'x-error-code') === 'EntryNotFound') {
      const { purged } = moment;
      this.#absent.set(key, { refusal, purged }, { ttl: this.#lifetimeMs(route) });
    }
    return { kind: 'refused', refusal };
  }

  /** Stores the decision under the requested revision and under its commit. */
  async #grant(
    question: DecisionRequest,
    found: Heads,
    { facts, lengthBytes }: KnownFacts,
    { order, purged }: Moment,
  ): Promise<StoredResponse> {
    const { upstream, route, who } = question;
    const { clock, limits } = this.#services;
    const pin = pinOf(question);
    if (pin !== null && contradicts(pin, facts.digest)) throw notAsPinned(facts.digest);
    if ([pin, facts.digest].some((digest) => isRefutedBy(digest, lengthBytes)))
      throw notOfThatLength();
    const nowMs = clock.now();
    const named = namedLast(upstream, found.urls) ?? { at: 0, route };
    const object: ObjectIdentity = {
      origin: upstream.name,
      uri: upstream.uriOf(targetOf(named.route, facts.commit)),
      variant: '',
      validator: { kind: 'digest' },
      uniqueToken: '',
      lengthBytes,
      chunkSizeBytes: limits.chunkSizeBytes,
      digest: pin ?? facts.digest,
    };
    const headers = fileHeaders(facts, lengthBytes, nowMs);
    // The status of the head that names the commit. Redirects before it, from another name or host,
    // do not describe the file.
    const isNaming = (head: OriginHead): boolean => 'x-repo-commit' in head.headers;
    const { status } = found.heads.find(isNaming) ?? found.heads.at(-1) ?? found.heads[0];
    const times = { requestTimeMs: nowMs, responseTimeMs: nowMs, order };
    const stored = permission(who.key, { object, headers, status }, times);
    // Not stored: the refusal that overtook it may be in memory alone, and lost at a restart.
    if (await this.#isRefusedSince(question, stored)) return stored;
    for (const access of accessesTo(question, [object.uri])) this.#refusals.granted(access, object);
    // Before the decision is stored: a request that finds it may fetch bytes at once.
    rememberWay(question, found, object.uri, { nowMs, first: named.at });
    const targets = [route.revision, facts.commit].map((name) => targetOf(route, name));
    const uris = new Set([object.uri, ...targets.map((target) => upstream.uriOf(target))]);
    for (const uri of uris) {
      const isCurrent = (): boolean => this.#isSpared(question, uri, purged);
      await this.#permissions.grant(upstream.name, uri, stored, isCurrent);
    }
    return stored;
  }
}

/** When a question was sent: its order among all (model/sequence), and the purge epoch then. */
interface Moment {
  readonly order: number;
  readonly purged: number;
}

/** The hub's facts about a file, with a length that is known. */
interface KnownFacts {
  readonly facts: FileFacts;
  readonly lengthBytes: number;
}

interface Refused {
  readonly uri: string;
  readonly key: string;
  readonly found: Heads;
  readonly moment: Moment;
}
