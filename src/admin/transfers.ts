/**
 * Formats the running requests and fills for the admin API, with rates measured between two calls.
 * Used by admin/routes/transfers and admin/pulls-view.
 */
import type { FillSnapshot, FillTable } from '../cache/api/fill-snapshot.js';
import type { TargetMatcher } from '../cache/operator/selection.js';
import type { RequestSnapshot, RequestTable } from '../http/exchange/request-watch.js';
import type { Clock } from '../model/time.js';
import { Rates } from './rates.js';
import type { TransferBody, TransferList } from './shapes.js';

/** The most transfers of each kind that are listed: nobody reads more. */
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

  /** Returns the transfers, oldest first, requests before fills; measures their rates. */
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

  /** Returns the fills alone, without measuring rates. */
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

  /** Measures the rate in bytes per second; `null` for a transfer that has ended. */
  #rate(id: string, { kind }: State, bytes: number, nowMs: number): number | null {
    return kind === 'done' || kind === 'failed' ? null : this.#rates.measure(id, bytes, nowMs);
  }
}

/** The states of origin fetches without an answer yet, by origin and target. */
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

/** Returns the state of an unanswered request: that of its origin fetch, if there is one. */
export function pendingFetchOf(
  { origin, target, state }: Pick<TransferBody, 'origin' | 'target' | 'state'>,
  pendingFetches: PendingFetches,
): State {
  if (state.kind === 'done' || state.kind === 'failed') return state;
  return pendingFetches.get(`${origin} ${target}`) ?? state;
}

/** Formats a time, in ms since the epoch, for the API. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
