/**
 * Holds clients to the commit that they began to read under a moving name: a resume of
 * `resolve/main/f` after a push continues the old content or is refused, and never joins bytes of
 * two commits. Clients that follow the redirect of a HEAD (hub/files) do not need it. Shared by the
 * mirror's routes: a client that asks the API what the name means begins again.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheRequest } from '../cache/api/facade.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import type { Clock } from '../model/time.js';
import type { Who } from './credentials.js';

/**
 * Files by name and client, some 300 bytes each; one more forgets the one that was longest idle.
 */
const MAX_HELD = 50_000;

/** Entries for clients and repositories; a forgotten one counts as a client that has not asked. */
const MAX_ASKED = 10_000;

/**
 * Contents of one name that one client is in the middle of; one more forgets the one longest idle.
 */
const MAX_TOLD = 4;

/**
 * For how long, in ms, a client that reads from the beginning gets the content that it knows;
 * and for how long after a piece the first piece may still come, since pieces are requested in any
 * order.
 */
const TOLD_MS = 10 * 60 * 1000;

/**
 * How long after the name was decided a beginning may be a piece at all, in ms: none is stale for
 * longer.
 */
const PIECES_MS = 60 * 60 * 1000;

/** How long a begun download may be continued, in ms: over night. */
const HELD_MS = 24 * 60 * 60 * 1000;

/**
 * For how long another content that the same client read makes it doubtful in which one a range
 * lies, in ms. A range to the end is a resume, which may come late; others are of who reads here
 * and there.
 */
const DOUBTFUL_MS = 60 * 60 * 1000;

/** The identity of a client: address, program and credential are all there is. */
export interface HoldReader {
  readonly client: string | undefined;
  readonly headers: HeaderMap;
  readonly who: Who;
}

/** A content that a client knows by the name. */
interface ShownContent {
  readonly commit: string;
  /** The entity-tag: commits with one tag are one content. */
  readonly tag: string;
  /** True if the client requested bytes of it, not only its metadata. */
  readonly isRead: boolean;
  /** When the name was last decided so, not held so. */
  readonly decidedAtMs: number;
  /** When its metadata was last requested, and when a piece that is not the first. */
  readonly askedAtMs: number;
  readonly pieceAtMs: number;
  /** End of the last requested range; `null`: the end of the content. */
  readonly next: number | null;
  readonly usedAtMs: number;
}

export type HeldRevision =
  /** The name is resolved again. */
  | { readonly kind: 'free' }
  /** It is to be answered as of this commit. */
  | { readonly kind: 'held'; readonly commit: string }
  /** The range lies in several contents, and nothing shows in which. */
  | { readonly kind: 'doubtful' };

/** What a request reveals about its client's progress. */
type Ask =
  /** HEAD, or one byte: a request for metadata. */
  | { readonly kind: 'question' }
  /** `isRange`: of a client that reads in pieces, or may resume from 0. */
  | { readonly kind: 'beginning'; readonly isRange: boolean; readonly next: number | null }
  | { readonly kind: 'within'; readonly first: number | null; readonly next: number | null };

export class Holds {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The contents that each client knows by each name, the latest first. */
  readonly #shown: LRUCache<string, readonly ShownContent[]>;
  /** How often each client has asked the API about a repository. */
  readonly #asked = new LRUCache<string, number>({ max: MAX_ASKED });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#shown = new LRUCache({ max: MAX_HELD });
  }

  /** The client asks the API for the repository's content: its later reads are of that. */
  askedAbout(repository: string, reader: HoldReader): void {
    const key = keyOf(reader, repository);
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
  }

  /** What a request for the file at `uri`, by a name that moves, is held to. */
  of(request: CacheRequest, uri: string, repository: string, who: Who): HeldRevision {
    const nowMs = this.#clock.monotonic();
    const known = this.#shown.get(this.#keyOf(request, uri, repository, who)) ?? [];
    const recent = known.filter(({ usedAtMs }) => nowMs - usedAtMs < HELD_MS);
    const [latest] = recent;
    const { headers } = request;
    // A client that names its content gets the rest of that, or learns that the name has moved.
    const had = headerValue(headers, 'if-range') ?? headerValue(headers, 'if-match');
    if (had !== undefined) return held(recent.find(({ tag }) => tag === had));
    const ask = askOf(request);
    if (latest === undefined || ask.kind === 'question') return FREE;
    if (ask.kind === 'beginning') {
      const isTold = nowMs - latest.askedAtMs < TOLD_MS && (ask.isRange || !latest.isRead);
      const isPiece = nowMs - latest.pieceAtMs < TOLD_MS && nowMs - latest.decidedAtMs < PIECES_MS;
      return isTold || isPiece ? held(latest) : FREE;
    }
    const going = recent.filter(
      ({ isRead, next }) => isRead && next !== null && next === ask.first,
    );
    if (going.length === 1) return held(going[0]);
    const doubtfulMs = ask.next === null ? HELD_MS : DOUBTFUL_MS;
    const isDoubtful = recent.some(
      ({ isRead, tag, usedAtMs }) => isRead && tag !== latest.tag && nowMs - usedAtMs < doubtfulMs,
    );
    return isDoubtful ? { kind: 'doubtful' } : held(latest);
  }

  /** The client gets `stored` by the name; `isHeld`: because it was held to it. */
  recordShown(
    request: CacheRequest,
    uri: string,
    repository: string,
    { stored, who, isHeld }: ShownFile,
  ): void {
    const commit = headerValue(stored.headers, 'x-repo-commit');
    const tag = headerValue(stored.headers, 'etag');
    if (request.client === undefined || commit === undefined || tag === undefined) return;
    const key = this.#keyOf(request, uri, repository, who);
    const known = this.#shown.get(key) ?? [];
    const before = known.find((one) => one.tag === tag);
    const ask = askOf(request);
    const isQuestion = ask.kind === 'question';
    const nowMs = this.#clock.monotonic();
    const isPiece = ask.kind === 'within' && ask.next !== null;
    const now: ShownContent = {
      commit,
      tag,
      isRead: !isQuestion || before?.isRead === true,
      next: isQuestion ? (before?.next ?? null) : ask.next,
      usedAtMs: nowMs,
      decidedAtMs: isHeld ? (before?.decidedAtMs ?? nowMs) : nowMs,
      askedAtMs: isQuestion ? nowMs : (before?.askedAtMs ?? -Infinity),
      pieceAtMs: isPiece ? nowMs : (before?.pieceAtMs ?? -Infinity),
    };
    this.#shown.set(key, [now, ...known.filter((one) => one !== before)].slice(0, MAX_TOLD));
  }

  #keyOf(request: CacheRequest, uri: string, repository: string, who: Who): string {
    const { client, headers } = request;
    const reader = { client, headers, who };
    return keyOf(reader, uri, this.#asked.get(keyOf(reader, repository)) ?? 0);
  }
}

/** The answer to a client, and the client. */
export interface ShownFile {
  readonly stored: StoredResponse;
  readonly who: Who;
  readonly isHeld: boolean;
}

const FREE: HeldRevision = { kind: 'free' };

function held(content: ShownContent | undefined): HeldRevision {
  return content === undefined ? FREE : { kind: 'held', commit: content.commit };
}

function askOf({ hint }: CacheRequest): Ask {
  switch (hint.kind) {
    case 'none':
      return { kind: 'question' };
    case 'whole':
      return { kind: 'beginning', isRange: false, next: null };
    case 'from': {
      const next = hint.last === null ? null : hint.last + 1;
      if (hint.first > 0) return { kind: 'within', first: hint.first, next };
      return next === 1 ? { kind: 'question' } : { kind: 'beginning', isRange: true, next };
    }
    case 'suffix':
    case 'several':
      // The client may continue anywhere; -1: not at the end either.
      return { kind: 'within', first: null, next: -1 };
  }
}

/** A digest of the client's identity: names and fields may be long. */
function keyOf({ client, headers, who }: HoldReader, ...about: readonly unknown[]): string {
  const program = headerValue(headers, 'user-agent') ?? '';
  const text = JSON.stringify([client ?? null, program, who.key, ...about]);
  return createHash('sha256').update(text).digest('base64');
}
