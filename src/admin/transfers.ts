/**
 * What runs, as the admin API tells it: the front's requests and the cache's fills, read when somebody
 * looks, with the rates that those looks measure.
 */
import type { FillSnapshot, FillTable } from '../cache/api/fill-snapshot.js';
import type { Targets } from '../cache/operator/selection.js';
import type { RequestSnapshot, RequestTable } from '../http/exchange/request-watch.js';
import type { Clock } from '../model/time.js';
import { Rates } from './rates.js';
import type { Transfer, TransferList } from './shapes.js';

/** Running transfers of each kind that are listed: more is nothing that a person reads. */
const MAX_LISTED = 1_000;

export interface TransferSources {
  readonly requests: RequestTable;
  readonly fills: FillTable;
  readonly targets: Targets;
  readonly clock: Clock;
}

export class TransfersView {
  readonly #sources: TransferSources;
  readonly #rates = new Rates();

  constructor(sources: TransferSources) {
    this.#sources = sources;
  }

  /** Oldest first, requests before fills. */
  look(): TransferList {
    const { clock, fills, requests } = this.#sources;
    const nowMs = clock.monotonic();
    const running = fills.list(MAX_LISTED).map((fill) => this.#fill(fill, nowMs));
    const contacts = contactsOf(running);
    const transfers = [
      ...requests.list(MAX_LISTED).map((request) => this.#request(request, contacts, nowMs)),
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
  fills(): Pick<Transfer, 'origin' | 'target' | 'chunk' | 'state'>[] {
    const { fills, targets } = this.#sources;
    return fills.list(MAX_LISTED).map(({ origin, uri, chunk, state }) => ({
      origin,
      target: targets.of(origin, uri),
      chunk,
      state,
    }));
  }

  #fill({ uri, startedAtMs, ...fill }: FillSnapshot, nowMs: number): Transfer {
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
    contacts: Contacts,
    nowMs: number,
  ): Transfer {
    const { id, sentBytes } = request;
    const state = answered ? request.state : contactOf(request, contacts);
    return {
      ...request,
      kind: 'request',
      state,
      startedAt: iso(startedAtMs),
      rateBytesPerSecond: this.#rate(id, state, sentBytes, nowMs),
      ...(range !== null && { range }),
    };
  }

  /** What has ended has a rate no more. */
  #rate(id: string, { kind }: State, bytes: number, nowMs: number): number | null {
    return kind === 'done' || kind === 'failed' ? null : this.#rates.measure(id, bytes, nowMs);
  }
}

/** States of the first contacts that run, by origin and target. */
export type Contacts = ReadonlyMap<string, State>;

type State = Transfer['state'];

export function contactsOf(
  fills: readonly Pick<Transfer, 'origin' | 'target' | 'chunk' | 'state'>[],
): Contacts {
  return new Map(
    fills
      .filter(({ chunk, state }) => chunk === null && state.kind !== 'failed')
      .map(({ origin, target, state }) => [`${origin} ${target}`, state]),
  );
}

/** What someone waits for who has asked the cache and has no answer: a contact, or its own turn. */
export function contactOf(
  { origin, target, state }: Pick<Transfer, 'origin' | 'target' | 'state'>,
  contacts: Contacts,
): State {
  if (state.kind === 'done' || state.kind === 'failed') return state;
  return contacts.get(`${origin} ${target}`) ?? state;
}

/** A point in time as the API writes it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
