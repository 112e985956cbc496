/**
 * The connections of a client's lanes: at most one a lane, busy with one fetch or kept idle for the
 * next. Both clients (lean-client, undici-client) run their fetches through it.
 */
import { ForebayError } from '../model/errors.js';
import type { FetchOutcome, OriginRequest } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { isStale, type ExchangeEnd } from './exchange-end.js';
import { IDLE_CONNECTION_MS } from './options.js';
import { cancelledError } from './transport-error.js';

export interface LaneConnection {
  /** The targets that it may be used for (lean-connection's `connectionKey`). */
  readonly key: string;
  /** False once it has failed or the origin has closed it. */
  readonly usable: boolean;
  /** No exchange uses it from now on, until the next. */
  idle(): void;
  /** Closes it; resolves when it is gone. */
  destroy(): Promise<void>;
}

/** How one request ended, and the connection that it used. */
export interface Exchanged<Connection> {
  readonly end: ExchangeEnd;
  readonly connection: Connection;
}

/** A lane without a connection is absent from the map. */
type Lane<Connection> =
  | { readonly kind: 'busy' }
  | {
      readonly kind: 'idle';
      readonly connection: Connection;
      readonly cancelExpiry: () => void;
    };

export class LaneConnections<Connection extends LaneConnection> {
  readonly #clock: Clock;
  readonly #lanes = new Map<number, Lane<Connection>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs one fetch on the lane's kept connection if that has `key`, else on a new one. `exchange`
   * makes the request on the connection that it is given, or opens one; it runs a second time if
   * the origin closed the kept connection before it answered. Rejects with a `ForebayError`.
   */
  async run(
    { lane, signal }: Pick<OriginRequest, 'lane' | 'signal'>,
    key: string,
    exchange: (kept: Connection | undefined) => Promise<Exchanged<Connection>>,
  ): Promise<FetchOutcome> {
    if (signal.aborted) throw cancelledError();
    let kept = this.#occupy(lane);
    try {
      if (kept !== undefined && (!kept.usable || kept.key !== key)) {
        // Waited for: a lane never holds two connections, not even for a moment.
        await kept.destroy();
        kept = undefined;
      }
      const exchangeOn = async (on: Connection | undefined): Promise<ExchangeEnd> => {
        if (signal.aborted) {
          await on?.destroy();
          throw cancelledError();
        }
        const { end, connection } = await exchange(on);
        await this.#settle(lane, end, connection);
        return end;
      };
      let end = await exchangeOn(kept);
      if (kept !== undefined && isStale(end)) end = await exchangeOn(undefined);
      if (end.kind === 'failed') throw end.error;
      return end.outcome;
    } finally {
      if (this.#lanes.get(lane)?.kind === 'busy') this.#lanes.delete(lane);
    }
  }

  /** Closes a lane's idle connection; resolves when it is gone. */
  async release(lane: number): Promise<void> {
    const state = this.#lanes.get(lane);
    if (state?.kind !== 'idle') return;
    this.#lanes.delete(lane);
    state.cancelExpiry();
    await state.connection.destroy();
  }

  /** Closes every idle connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes.keys()].map((lane) => this.release(lane)));
  }

  /** Marks the lane busy and takes its kept connection, if it has one. */
  #occupy(lane: number): Connection | undefined {
    const state = this.#lanes.get(lane);
    if (state?.kind === 'busy') {
      throw new ForebayError('internal', `lane ${String(lane)} already has a fetch`, {
        source: 'internal',
        retryable: false,
      });
    }
    this.#lanes.set(lane, { kind: 'busy' });
    state?.cancelExpiry();
    return state?.connection;
  }

  /** Keeps the connection for the lane's next fetch, or closes it. */
  async #settle(lane: number, end: ExchangeEnd, connection: Connection): Promise<void> {
    if (end.kind !== 'outcome' || !end.keepConnection || !connection.usable) {
      await connection.destroy();
      return;
    }
    connection.idle();
    const cancelExpiry = this.#clock.after(IDLE_CONNECTION_MS, () => void this.release(lane));
    this.#lanes.set(lane, { kind: 'idle', connection, cancelExpiry });
  }
}
