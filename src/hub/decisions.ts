/**
 * Decides whether a requester may have a file, and what the file is: by a recent decision, else by
 * a HEAD at the hub, collapsed with simultaneous ones. Bytes are looked up only afterwards. Used by
 * hub/files.
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

/** Files remembered for not being there; one more forgets the oldest. */
const MAX_ABSENT = 10_000;

/** Bound on their memory, with the hub's words for each. */
const MAX_ABSENT_BYTES = 16 * 1024 * 1024;

export class Decisions {
  readonly #services: CacheServices;
  readonly #policy: () => HubPolicy;
  readonly #client: HeadClient;
  readonly #permissions: Permissions;
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Decision>>();
  /** Files that the hub reported as absent, and to whom. */
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
    const ask = async (): Promise<Decision> =>
      // The check awaits, and another request's flight may end meanwhile: `b` checks and finds
      // nothing; `a` is answered and its flight ends; `b` would lead a second flight. Nothing can
      // end between this check and the flight.
      (await this.#decided(question, uri, key)) ?? this.#askInTime(question, uri, key);
    const mayStandIn = this.#policy().offline && (await this.#known(question, uri)) !== undefined;
    const flight = this.#flightsOf(upstream).run(key, ask);
    const asked = await (mayStandIn ? this.#hasty(flight.outcome) : flight.outcome);
    const isOutage =
      asked.kind === 'unreachable' || (asked.kind === 'overloaded' && asked.isOutage);
    if (!isOutage || !this.#policy().offline) return asked;
    // Checked now: a refusal may have come while this was requested.
    const known = await this.#known(question, uri);
    return known === undefined ? asked : { kind: 'granted', stored: known, offline: true };
  }

  /** A decision that is recent enough. */
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

  /** The permission that counts, however old. */
  async #known(question: DecisionRequest, uri: string): Promise<StoredResponse | undefined> {
    const { upstream, who } = question;
    const found = await this.#permissions.find(upstream.name, uri, who.key);
    if (found === undefined || !isOfPin(found, pinOf(question))) return undefined;
    if (await this.#isRefusedSince(question, found)) return undefined;
    this.#refusals.granted(accessTo(question), found.object);
    return found;
  }

  /** A later refusal of the repository may cover more than the file that it was given for. */
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

  /** Asks the hub, and once more if a later refusal overtook the answer. */
  async #askInTime(question: DecisionRequest, uri: string, key: string): Promise<Decision> {
    const first = await this.#ask(question, uri, key);
    const isOvertaken =
      first.kind === 'granted' && (await this.#isRefusedSince(question, first.stored));
    return isOvertaken ? this.#ask(question, uri, key) : first;
  }

  async #ask(question: DecisionRequest, uri: string, key: string): Promise<Decision> {
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
    // Storage that refuses a HEAD says nothing about the repository.
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

  /** While an earlier decision may be used, a silent hub is not waited for. */
  #hasty(asked: Promise<Decision>): Promise<Decision> {
    const { clock, limits } = this.#services;
    const answer = tooSlow();
    const silence = deferred<Decision>();
    const cancel = clock.after(limits.fetch.firstByteTimeoutMs, () => {
      silence.resolve({ kind: 'unreachable', answer });
    });
    return Promise.race([asked, silence.promise]).finally(cancel);
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
    // Who may see the repository was decided first: this speaks of the file alone.
    if (headerValue(headers, 'x-error-code') === 'EntryNotFound') {
      const { purged } = moment;
      this.#absent.set(key, { refusal, purged }, { ttl: this.#lifetimeMs(route) });
    }
    return { kind: 'refused', refusal };
  }

  /** Stores the decision, for the requested revision and for its commit. */
  async #grant(
    question: DecisionRequest,
    found: Heads,
    { facts, lengthBytes }: ToldFacts,
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
    // Of who named the commit: what led there from another name or host is no word on the file.
    const isNaming = (head: OriginHead): boolean => 'x-repo-commit' in head.headers;
    const { status } = found.heads.find(isNaming) ?? found.heads.at(-1) ?? found.heads[0];
    const times = { requestTimeMs: nowMs, responseTimeMs: nowMs, order };
    const stored = permission(who.key, { object, headers, status }, times);
    // Not stored: after a restart the refusal that overtook it would be unknown.
    if (await this.#isRefusedSince(question, stored)) return stored;
    for (const access of accessesTo(question, [object.uri])) this.#refusals.granted(access, object);
    // First: a request that finds the decision may need the bytes at once.
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

/** When a request was made: its number (model/sequence), and the purges so far. */
interface Moment {
  readonly order: number;
  readonly purged: number;
}

/** The hub's facts about a file. */
interface ToldFacts {
  readonly facts: FileFacts;
  readonly lengthBytes: number;
}

interface Refused {
  readonly uri: string;
  readonly key: string;
  readonly found: Heads;
  readonly moment: Moment;
}
