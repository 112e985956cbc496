/**
 * Holds a client to the commit that it began to read under a branch or tag. After a push, a resume
 * of `resolve/main/f` continues with the old commit or is refused, and never joins the bytes of two
 * commits. Clients that follow the redirect of a HEAD (hub/files) do not need this. Shared by
 * hub/lookup and hub/passed: a client that queries the API about the repository begins anew.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheRequest } from '../cache/api/facade.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import type { Clock } from '../model/time.js';
import type { Who } from './credentials.js';

/** Pairs of file name and client, some 300 bytes each; one more evicts the longest idle. */
const MAX_HELD = 50_000;

/** Counts of API queries by client and repository. An evicted one counts as zero. */
const MAX_COUNTED = 10_000;

/** Contents of one name that one client is reading; one more drops the longest idle. */
const MAX_SHOWN = 4;

/**
 * How long after a HEAD a read from the beginning gets the same content, in ms. Also how long after
 * an inner piece a read from the beginning counts as another piece: clients request pieces in any
 * order.
 */
const BEGINNING_MS = 10 * 60 * 1000;

/**
 * How long after the name was resolved a read from the beginning may count as a piece, in ms. This
 * bounds how stale such a read can be.
 */
const PIECES_MS = 60 * 60 * 1000;

/** How long a resume gets the commit it began with, in ms: a download left overnight. */
const HELD_MS = 24 * 60 * 60 * 1000;

/**
 * How long another content read by the same client makes a bounded range ambiguous, in ms. A range
 * to the end is a resume, which may come late, so that `HELD_MS` applies to it.
 */
const DOUBTFUL_MS = 60 * 60 * 1000;

/** A client, as far as requests identify it: its address, its program and its credential. */
export interface HoldReader {
  readonly client: string | undefined;
  readonly headers: HeaderMap;
  readonly who: Who;
}

/** A content that a client got under the name, or got the head of. */
interface ShownContent {
  readonly commit: string;
  /** The entity-tag: commits with the same tag have the same content. */
  readonly tag: string;
  /** True when the client requested bytes, not only the head. */
  readonly isRead: boolean;
  /** When the name last resolved to this content without a hold. */
  readonly decidedAtMs: number;
  /** When the client last sent a `question`. */
  readonly askedAtMs: number;
  /** When the client last requested a bounded range that is not the first. */
  readonly pieceAtMs: number;
  /** The offset after the last requested range; `null`: the range ran to the end. */
  readonly next: number | null;
  readonly usedAtMs: number;
}

export type HeldRevision =
  /** The name is resolved anew. */
  | { readonly kind: 'free' }
  /** The answer must come from this commit. */
  | { readonly kind: 'held'; readonly commit: string }
  /** The range belongs to one of several contents, and it is unknown which. */
  | { readonly kind: 'doubtful' };

/** The part of the file that a request reads. */
type Part =
  /** HEAD, or a GET of the first byte: the client only wants to know the file. */
  | { readonly kind: 'question' }
  /** `isRange`: by a Range field, from a client that reads in pieces or resumes from 0. */
  | { readonly kind: 'beginning'; readonly isRange: boolean; readonly next: number | null }
  | { readonly kind: 'within'; readonly first: number | null; readonly next: number | null };

export class Holds {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The contents that each client got under each name, the latest first. */
  readonly #shown: LRUCache<string, readonly ShownContent[]>;
  /** The number of API queries by client and repository. */
  readonly #apiQueries = new LRUCache<string, number>({ max: MAX_COUNTED });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#shown = new LRUCache({ max: MAX_HELD });
  }

  /** Records that a client queried the API about a repository. It releases all its holds there. */
  askedAbout(repository: string, reader: HoldReader): void {
    const key = keyOf(reader, repository);
    this.#apiQueries.set(key, (this.#apiQueries.get(key) ?? 0) + 1);
  }

  /** Returns the commit to which a request for `uri`, by a branch or tag, is held. */
  of(request: CacheRequest, uri: string, repository: string, who: Who): HeldRevision {
    const nowMs = this.#clock.monotonic();
    const known = this.#shown.get(this.#keyOf(request, uri, repository, who)) ?? [];
    const recent = known.filter(({ usedAtMs }) => nowMs - usedAtMs < HELD_MS);
    const [latest] = recent;
    const { headers } = request;
    // A client that sends an entity-tag gets that content, or the answer of the precondition.
    const had = headerValue(headers, 'if-range') ?? headerValue(headers, 'if-match');
    if (had !== undefined) return held(recent.find(({ tag }) => tag === had));
    const part = partOf(request);
    if (latest === undefined || part.kind === 'question') return FREE;
    if (part.kind === 'beginning') {
      const isAfterQuestion =
        nowMs - latest.askedAtMs < BEGINNING_MS && (part.isRange || !latest.isRead);
      const isPiece =
        nowMs - latest.pieceAtMs < BEGINNING_MS && nowMs - latest.decidedAtMs < PIECES_MS;
      return isAfterQuestion || isPiece ? held(latest) : FREE;
    }
    const continued = recent.filter(
      ({ isRead, next }) => isRead && next !== null && next === part.first,
    );
    if (continued.length === 1) return held(continued[0]);
    const doubtfulMs = part.next === null ? HELD_MS : DOUBTFUL_MS;
    const isDoubtful = recent.some(
      ({ isRead, tag, usedAtMs }) => isRead && tag !== latest.tag && nowMs - usedAtMs < doubtfulMs,
    );
    return isDoubtful ? { kind: 'doubtful' } : held(latest);
  }

  /** Records that the client gets `stored` under the name. `isHeld`: because of a hold. */
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
    const part = partOf(request);
    const isQuestion = part.kind === 'question';
    const nowMs = this.#clock.monotonic();
    const isPiece = part.kind === 'within' && part.next !== null;
    const now: ShownContent = {
      commit,
      tag,
      isRead: !isQuestion || before?.isRead === true,
      next: isQuestion ? (before?.next ?? null) : part.next,
      usedAtMs: nowMs,
      decidedAtMs: isHeld ? (before?.decidedAtMs ?? nowMs) : nowMs,
      askedAtMs: isQuestion ? nowMs : (before?.askedAtMs ?? -Infinity),
      pieceAtMs: isPiece ? nowMs : (before?.pieceAtMs ?? -Infinity),
    };
    this.#shown.set(key, [now, ...known.filter((one) => one !== before)].slice(0, MAX_SHOWN));
  }

  #keyOf(request: CacheRequest, uri: string, repository: string, who: Who): string {
    const { client, headers } = request;
    const reader = { client, headers, who };
    return keyOf(reader, uri, this.#apiQueries.get(keyOf(reader, repository)) ?? 0);
  }
}

/** A file that a client gets, and the client's credential. */
export interface ShownFile {
  readonly stored: StoredResponse;
  readonly who: Who;
  readonly isHeld: boolean;
}

const FREE: HeldRevision = { kind: 'free' };

function held(content: ShownContent | undefined): HeldRevision {
  return content === undefined ? FREE : { kind: 'held', commit: content.commit };
}

function partOf({ hint }: CacheRequest): Part {
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
      // Their end does not show where the client continues. -1 matches no range's first byte, and
      // is no `null` either, which would mean a read to the end.
      return { kind: 'within', first: null, next: -1 };
  }
}

/** Returns a digest of the client's identity and `about`: names and fields may be long. */
function keyOf({ client, headers, who }: HoldReader, ...about: readonly unknown[]): string {
  const program = headerValue(headers, 'user-agent') ?? '';
  const text = JSON.stringify([client ?? null, program, who.key, ...about]);
  return createHash('sha256').update(text).digest('base64');
}
