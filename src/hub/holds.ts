/**
 * Holds clients to the commit that they began to read under a name that moves: a resume of
 * `resolve/main/f` after somebody pushed goes on with what was begun, or is refused, and never
 * joins the bytes of two commits. Clients that follow the redirect of a HEAD (hub/files) do
 * without. Shared by the mirror's faces: whoever asks the API what a name names begins anew.
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

/** Clients that asked the API; one that is forgotten counts as one that never did. */
const MAX_ASKED = 10_000;

/**
 * Contents of one name that one client is in the middle of; one more forgets the one longest idle.
 */
const MAX_TOLD = 4;

/**
 * How long what a client asked about is what it gets when it then reads from the beginning, in ms;
 * and how long after a piece the first one may be another piece, since they are asked for in any
 * order.
 */
const TOLD_MS = 10 * 60 * 1000;

/**
 * How long after the name was decided a beginning may be a piece at all, in ms: none is stale for
 * longer.
 */
const PIECES_MS = 60 * 60 * 1000;

/** How long what was begun is gone on with, in ms: a download that was left overnight. */
const HELD_MS = 24 * 60 * 60 * 1000;

/**
 * For how long another content that the same client read makes it doubtful in which one a range
 * lies, in ms. A range to the end is a resume, which may come late; others are of who reads here
 * and there.
 */
const DOUBTFUL_MS = 60 * 60 * 1000;

/** Whoever cannot be told apart: address, program and credential are all that there is. */
export interface HoldReader {
  readonly client: string | undefined;
  readonly headers: HeaderMap;
  readonly who: Who;
}

/** A content that a client was told of by the name. */
interface ShownContent {
  readonly commit: string;
  /** The entity-tag: commits with one tag are one content. */
  readonly tag: string;
  /** Some of its bytes were asked for, not only what it is. */
  readonly isRead: boolean;
  /** When the name was last decided so, not held so. */
  readonly decidedAtMs: number;
  /** When it was last asked what it is, and when for a piece that is not the first. */
  readonly askedAtMs: number;
  readonly pieceAtMs: number;
  /** Where the last range that was asked for ends; `null`: with the content. */
  readonly next: number | null;
  readonly usedAtMs: number;
}

export type HeldRevision =
  /** The name is decided anew. */
  | { readonly kind: 'free' }
  /** It is to be answered as of this commit. */
  | { readonly kind: 'held'; readonly commit: string }
  /** It lies in one of several contents, and nothing says in which. */
  | { readonly kind: 'doubtful' };

/** What a request says of where its client is. */
type Ask =
  /** HEAD, or one byte: what is it? */
  | { readonly kind: 'question' }
  /** `isRange`: of a client that reads in pieces, or may resume from 0. */
  | { readonly kind: 'beginning'; readonly isRange: boolean; readonly next: number | null }
  | { readonly kind: 'within'; readonly first: number | null; readonly next: number | null };

export class Holds {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** What each client was told of each name, the latest first. */
  readonly #shown: LRUCache<string, readonly ShownContent[]>;
  /** How often each client has asked the API about a repository. */
  readonly #asked = new LRUCache<string, number>({ max: MAX_ASKED });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#shown = new LRUCache({ max: MAX_HELD });
  }

  /** Somebody asks the API what is in a repository now: what they read after it is of now. */
  askedAbout(repository: string, reader: HoldReader): void {
    const key = keyOf(reader, repository);
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
  }

  /** What a request for the file at `uri`, by a name that moves, is held to. */
  of(request: CacheRequest, uri: string, repository: string, who: Who): HeldRevision {
    const nowMs = this.#clock.monotonic();
    const known = this.#shown.get(this.#keyOf(request, uri, repository, who)) ?? [];
    const told = known.filter(({ usedAtMs }) => nowMs - usedAtMs < HELD_MS);
    const [latest] = told;
    const { headers } = request;
    // Who says what they have gets the rest of that, or is told that the name names another by now.
    const had = headerValue(headers, 'if-range') ?? headerValue(headers, 'if-match');
    if (had !== undefined) return held(told.find(({ tag }) => tag === had));
    const ask = askOf(request);
    if (latest === undefined || ask.kind === 'question') return FREE;
    if (ask.kind === 'beginning') {
      const isTold = nowMs - latest.askedAtMs < TOLD_MS && (ask.isRange || !latest.isRead);
      const isPiece = nowMs - latest.pieceAtMs < TOLD_MS && nowMs - latest.decidedAtMs < PIECES_MS;
      return isTold || isPiece ? held(latest) : FREE;
    }
    const going = told.filter(({ isRead, next }) => isRead && next !== null && next === ask.first);
    if (going.length === 1) return held(going[0]);
    const doubtfulMs = ask.next === null ? HELD_MS : DOUBTFUL_MS;
    const isDoubtful = told.some(
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

/** What a client is told, and who asked. */
export interface ShownFile {
  readonly stored: StoredResponse;
  readonly who: Who;
  readonly isHeld: boolean;
}

const FREE: HeldRevision = { kind: 'free' };

function held(told: ShownContent | undefined): HeldRevision {
  return told === undefined ? FREE : { kind: 'held', commit: told.commit };
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
      // Where they end says nothing of where the client goes on; -1: not at the end either.
      return { kind: 'within', first: null, next: -1 };
  }
}

/** A digest of what tells clients apart: names and fields may be long. */
function keyOf({ client, headers, who }: HoldReader, ...about: readonly unknown[]): string {
  const program = headerValue(headers, 'user-agent') ?? '';
  const text = JSON.stringify([client ?? null, program, who.key, ...about]);
  return createHash('sha256').update(text).digest('base64');
}
