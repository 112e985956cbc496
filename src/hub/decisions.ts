/**
 * Decides whether somebody may have a file, and what it is: by what was decided lately, else by a HEAD
 * at the hub, one for all who ask the same at the same time. Bytes are looked up only after it. Used
 * by hub/files.
 */
import { LRUCache } from 'lru-cache';
import type { CacheAnswer } from '../cache/answer.js';
import { looped } from '../cache/loop.js';
import type { CacheServices } from '../cache/services.js';
import { SingleFlight } from '../cache/single-flight.js';
import { isDisconnected } from '../origin/verdict.js';
import { deferred } from '../model/deferred.js';
import { type Digest, formatDigest } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { FetchTarget, OriginHead } from '../model/fetch.js';
import { headerValue } from '../model/headers.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { StoredResponse } from '../model/response.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { isOverload, loadAnswer, notAsked, type Refusal, refusalOf, tooSlow } from './answers.js';
import type { Who } from './credentials.js';
import { HeadClient, type Heads } from './head-client.js';
import { type FileFacts, factsOf, missingOf } from './metadata.js';
import { fileHeaders, permission, Permissions } from './permissions.js';
import { type HubPolicy, NAME_LIFETIME_MS } from './policy.js';
import { accessTo, type Refusals } from './refusals.js';
import { type HubRoute, isCommit } from './route.js';

/** Files remembered for not being there; one more forgets the oldest. */
const MAX_ABSENT = 10_000;

export type FileRoute = Extract<HubRoute, { kind: 'resolve' }>;

/** A question: may `who` have this file of this hub? */
export interface Asking {
  readonly upstream: Upstream;
  readonly route: FileRoute;
  readonly who: Who;
  /** Tells clients apart, each of which may ask for so much. */
  readonly client: string;
}

export type Decision =
  /** `offline`: the hub could not be asked; it is what was decided before. */
  | { readonly kind: 'granted'; readonly stored: StoredResponse; readonly offline: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** No answer of the hub, and nothing decided before. */
  | { readonly kind: 'unreachable'; readonly answer: CacheAnswer }
  /** The hub's answer does not say what the file is. */
  | { readonly kind: 'untold'; readonly message: string }
  /** `isOutage`: what was decided before may stand in; a hub that bids us wait is there. */
  | {
      readonly kind: 'overloaded';
      readonly isOutage: boolean;
      readonly answer: CacheAnswer;
    };

export class Decisions {
  readonly #services: CacheServices;
  readonly #policy: () => HubPolicy;
  readonly #client: HeadClient;
  readonly #permissions: Permissions;
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Decision>>();
  /** The hub said that these are not there, and to whom. */
  readonly #absent: LRUCache<string, Refusal>;
  readonly #refusals: Refusals;

  constructor(services: CacheServices, policy: () => HubPolicy, refusals: Refusals) {
    this.#services = services;
    this.#policy = policy;
    this.#refusals = refusals;
    this.#client = new HeadClient(services);
    this.#permissions = new Permissions(services.responses);
    const perf = { now: () => services.clock.monotonic() };
    this.#absent = new LRUCache({ max: MAX_ABSENT, perf });
  }

  async decide(asking: Asking): Promise<Decision> {
    const { upstream, route, who } = asking;
    const uri = upstream.uriOf(targetOf(route, route.revision));
    const found = await this.#permissions.find(upstream.name, uri, who.key);
    // Who was refused the repository since may have lost more than the file that was asked for then.
    const refusedAtMs = await this.#refusals.lastAtMs(accessTo(asking));
    const known = fits(found, pinOf(asking), refusedAtMs) ? found : undefined;
    if (known !== undefined) this.#refusals.granted(accessTo(asking), known.object);
    const ageMs = this.#services.clock.now() - (known?.responseTimeMs ?? 0);
    if (known !== undefined && ageMs >= 0 && ageMs < this.#lifetimeMs(route)) {
      return { kind: 'granted', stored: known, offline: false };
    }
    const key = JSON.stringify([uri, who.key]);
    const absent = this.#absent.get(key);
    if (absent !== undefined) return { kind: 'refused', refusal: absent };
    const flight = this.#flightsOf(upstream).run(key, () => this.#ask(asking, uri, key));
    const mayStandIn = known !== undefined && this.#policy().offline;
    const asked = await (mayStandIn ? this.#hasty(flight.outcome) : flight.outcome);
    const isOutage =
      asked.kind === 'unreachable' || (asked.kind === 'overloaded' && asked.isOutage);
    if (!isOutage || known === undefined || !this.#policy().offline) return asked;
    return { kind: 'granted', stored: known, offline: true };
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

  async #ask(asking: Asking, uri: string, key: string): Promise<Decision> {
    const { route } = asking;
    let found: Heads;
    try {
      found = await this.#client.heads(asking, targetOf(route, route.revision));
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
    // Storage that refuses a HEAD says nothing of the repository.
    const isOfStorage =
      found.isElsewhere && headerValue(last.headers, 'x-error-code') === undefined;
    if (status >= 400 && !(isOfStorage && (status === 401 || status === 403))) {
      return this.#refuse(asking, uri, key, last);
    }
    const facts = factsOf(found.heads, route.revision);
    const isFile = status === 200 || isRedirect(status);
    const lengthBytes = facts?.lengthBytes ?? found.probedLength;
    if (facts === undefined || lengthBytes === null || !isFile) {
      return { kind: 'untold', message: missingOf(found.heads, route.revision) };
    }
    const stored = await this.#grant(asking, found, facts, lengthBytes);
    return { kind: 'granted', stored, offline: false };
  }

  /** Of what was decided before it is known that it may stand in: a silent hub is not waited for. */
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
    asking: Asking,
    uri: string,
    key: string,
    { status, headers }: OriginHead,
  ): Promise<Decision> {
    const { upstream, route, who } = asking;
    const refusal = refusalOf(status, headers);
    await this.#refusals.refused(accessTo(asking), refusal);
    await this.#permissions.revoke(upstream.name, uri, who.key);
    // Who may see the repository was decided first: this speaks of the file alone.
    if (headerValue(headers, 'x-error-code') === 'EntryNotFound') {
      this.#absent.set(key, refusal, { ttl: this.#lifetimeMs(route) });
    }
    return { kind: 'refused', refusal };
  }

  /** Remembers the decision, for the revision that was asked for and for its commit. */
  async #grant(
    asking: Asking,
    found: Heads,
    facts: FileFacts,
    lengthBytes: number,
  ): Promise<StoredResponse> {
    const { upstream, route, who } = asking;
    const { clock, limits } = this.#services;
    const pin = pinOf(asking);
    if (pin !== null && contradicts(pin, facts.digest)) throw notAsPinned(facts.digest);
    const nowMs = clock.now();
    const object: ObjectIdentity = {
      origin: upstream.name,
      uri: upstream.uriOf(targetOf(route, facts.commit)),
      variant: '',
      validator: { kind: 'digest' },
      generation: '',
      lengthBytes,
      chunkSizeBytes: limits.chunkSizeBytes,
      digest: pin ?? facts.digest,
    };
    const stored = permission(who.key, object, fileHeaders(facts, lengthBytes, nowMs), nowMs);
    this.#refusals.granted(accessTo(asking), object);
    // First: who finds the decision may want bytes at once.
    rememberWay(asking, found, object.uri, nowMs);
    const uris = new Set([object.uri, upstream.uriOf(targetOf(route, route.revision))]);
    for (const uri of uris) await this.#permissions.grant(upstream.name, uri, stored);
    return stored;
  }
}

/** The hub has just said where the bytes are: fills need not ask it again. */
function rememberWay(
  { upstream, who }: Asking,
  { heads, urls }: Heads,
  uri: string,
  nowMs: number,
): void {
  const source = upstream.source(uri, who.headers);
  heads.forEach((head, index) => {
    if (!isRedirect(head.status)) return;
    const url = index === 0 ? uri : (urls[index] ?? uri);
    const from: FetchTarget = { url, headers: {}, addresses: 'any', expiresAtMs: null };
    source.redirected(from, head, { requestTimeMs: nowMs, responseTimeMs: nowMs });
  });
}

/** The request target of a file at a revision, as the hub reads it. */
export function targetOf({ repository, path }: FileRoute, revision: string): string {
  return `/${repository}/resolve/${revision}/${path}`;
}

/** The digest that the configuration says the file must have. */
function pinOf({ upstream, route }: Asking): Digest | null {
  return upstream.pinnedDigest(targetOf(route, route.revision));
}

/** False for what was decided before a refusal of the repository, or before the file was pinned. */
function fits(known: StoredResponse | undefined, pin: Digest | null, refusedAtMs: number): boolean {
  if (known === undefined || known.responseTimeMs <= refusedAtMs) return false;
  const { digest } = known.object;
  return pin === null || (digest !== null && formatDigest(digest) === formatDigest(pin));
}

/** Digests of two kinds cannot be compared: the check of the bytes will tell. */
function contradicts(pin: Digest, told: Digest): boolean {
  return pin.algorithm === told.algorithm && formatDigest(pin) !== formatDigest(told);
}

function notAsPinned(told: Digest): ForebayError {
  const message = `the hub has another file than the pinned one: ${formatDigest(told)}`;
  return new ForebayError('origin-corrupt', message, { source: 'origin', retryable: false });
}
