/**
 * Running transfers as the admin API shows them: the front's requests and the cache's fills, read
 * on demand, with rates measured between the looks.
 */
import type { FillSnapshot, FillTable } from '../cache/api/fill-snapshot.js';
import type { TargetMatcher } from '../cache/operator/selection.js';
import type { RequestSnapshot, RequestTable } from '../http/exchange/request-watch.js';
import type { Clock } from '../model/time.js';
import { Rates } from './rates.js';
import type { TransferBody, TransferList } from './shapes.js';

/** Running transfers of each kind that are listed: more is nothing that a person reads. */
const MAX_LISTED = 1_000;

export interface TransferDeps {
  readonly requests: RequestTable;
  readonly fills: FillTable;
  readonly targets: TargetMatcher;
  readonly clock: Clock;
}

export class TransfersView {
  readonly #sources: TransferDeps;
  readonly #rates = new Rates();

  constructor(sources: TransferDeps) {
    this.#sources = sources;
  }

  /** Oldest first, requests before fills. */
  look(): TransferList {
    const { clock, fills, requests } = this.#sources;
    const nowMs = clock.monotonic();
    const running = fills.list(MAX_LISTED).map((fill) => this.#fill(fill, nowMs));
    const pendingFetches = pendingFetchesOf(running);
    const transfers = [
      ...requests.list(MAX_LISTED).map((request) => this.#request(request, pendingFetches, nowMs)),
      ...running,
    ];
    this.#rates.endLook();
    const over = (size: number): number => Math.max(0, size - MAX_LISTED);
    return {
      at: iso(clock.now()),
      transfers,
      omitted: over(fills.size) + over(requests.size),
    };
  }

  /** The fills alone, without rates: a look that measures nothing. */
  fills(): Pick<TransferBody, 'origin' | 'target' | 'chunk' | 'state'>[] {
    const { fills, targets } = this.#sources;
    return fills.list(MAX_LISTED).map(({ origin, uri, chunk, state }) => ({
      origin,
      target: targets.of(origin, uri),
      chunk,
      state,
    }));
  }

  #fill({ uri, startedAtMs, ...fill }: FillSnapshot, nowMs: number): TransferBody {
    const { targets } = this.#sources;
    return {
      ...fill,
      kind: 'fill',
      target: targets.of(fill.origin, uri),
      startedAt: iso(startedAtMs),
      rateBytesPerSecond: this.#rate(fill.id, fill.state, fill.receivedBytes, nowMs),
    };
  }

  #request(
    { startedAtMs, answered, range, ...request }: RequestSnapshot,
    pendingFetches: PendingFetches,
    nowMs: number,
  ): TransferBody {
    const { id, sentBytes } = request;
    const state = answered ? request.state : pendingFetchOf(request, pendingFetches);
    return {
      ...request,
      kind: 'request',
      state,
      startedAt: iso(startedAtMs),
      rateBytesPerSecond: this.#rate(id, state, sentBytes, nowMs),
      ...(range !== null && { range }),
    };
  }

  /** An ended transfer has no rate. */
  #rate(id: string, { kind }: State, bytes: number, nowMs: number): number | null {
    return kind === 'done' || kind === 'failed' ? null : this.#rates.measure(id, bytes, nowMs);
  }
}

/** States of the origin fetches that run, by origin and target. */
export type PendingFetches = ReadonlyMap<string, State>;

type State = TransferBody['state'];

export function pendingFetchesOf(
  fills: readonly Pick<TransferBody, 'origin' | 'target' | 'chunk' | 'state'>[],
): PendingFetches {
  return new Map(
    fills
      .filter(({ chunk, state }) => chunk === null && state.kind !== 'failed')
      .map(({ origin, target, state }) => [`${origin} ${target}`, state]),
  );
}

/** What a request without an answer waits for: an origin fetch, or its turn. */
export function pendingFetchOf(
  { origin, target, state }: Pick<TransferBody, 'origin' | 'target' | 'state'>,
  pendingFetches: PendingFetches,
): State {
  if (state.kind === 'done' || state.kind === 'failed') return state;
  return pendingFetches.get(`${origin} ${target}`) ?? state;
}

/** A point in time as the API writes it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
