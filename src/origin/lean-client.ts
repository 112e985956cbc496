/**
 * The bulk reader: an HTTP/1.1 client for ranged GETs on bare sockets, several times cheaper per
 * byte than a general one because body bytes go from the kernel straight into the sink's memory.
 * What it does not understand it names (`beyond-me`) and leaves to undici-client. Runs on workers.
 */
import { ForebayError } from '../model/errors.js';
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import { isStale, type ExchangeEnd } from './exchange-end.js';
import { connectionKey, LeanConnection } from './lean-connection.js';
import { LeanExchange } from './lean-exchange.js';
import { IDLE_CONNECTION_MS, type OriginClientOptions } from './options.js';
import { serializeRequest } from './request-head.js';
import { cancelledError } from './transport-error.js';

/** What a lane is doing: nothing (absent from the map), one fetch, or keeping a connection. */
type Lane =
  | { readonly kind: 'busy' }
  | {
      readonly kind: 'idle';
      readonly connection: LeanConnection;
      readonly cancelExpiry: () => void;
    };

export class LeanClient implements OriginClient {
  readonly #options: OriginClientOptions;
  readonly #lanes = new Map<number, Lane>();

  constructor(options: OriginClientOptions) {
    this.#options = options;
  }

  async fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome> {
    const { lane, signal } = request;
    if (signal.aborted) throw cancelledError();
    const head = serializeRequest(request);
    let kept = this.#occupy(lane);
    try {
      if (kept !== undefined && !isReusable(kept, request)) {
        // Waited for: a lane never holds two connections, not even for a moment.
        await kept.destroy();
        kept = undefined;
      }
      const end = await this.#exchange(request, head, sink, kept);
      const settled =
        kept !== undefined && isStale(end)
          ? await this.#exchange(request, head, sink, undefined)
          : end;
      if (settled.kind === 'failed') throw settled.error;
      return settled.outcome;
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

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.keys()].map((lane) => this.release(lane)));
  }

  /** Marks the lane busy and takes its kept connection, if it has one. */
  #occupy(lane: number): LeanConnection | undefined {
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

  /** One request on `kept`, or on a new connection; leaves the connection idle or gone. */
  async #exchange(
    request: OriginRequest,
    head: string,
    sink: BodySink,
    kept: LeanConnection | undefined,
  ): Promise<ExchangeEnd> {
    if (request.signal.aborted) {
      await kept?.destroy();
      throw cancelledError();
    }
    const connection = kept ?? new LeanConnection(request.target, this.#options);
    const end = await new Promise<ExchangeEnd>((resolve) => {
      const { clock } = this.#options;
      const exchange = new LeanExchange(request, head, sink, connection, clock, resolve);
      connection.claim(exchange);
      exchange.start(kept === undefined ? 'new' : 'kept');
    });
    if (end.kind === 'outcome' && end.keepConnection && connection.usable) {
      this.#keep(request.lane, connection);
    } else {
      await connection.destroy();
    }
    return end;
  }

  #keep(lane: number, connection: LeanConnection): void {
    connection.idle();
    const cancelExpiry = this.#options.clock.after(
      IDLE_CONNECTION_MS,
      () => void this.release(lane),
    );
    this.#lanes.set(lane, { kind: 'idle', connection, cancelExpiry });
  }
}

function isReusable(kept: LeanConnection, request: OriginRequest): boolean {
  return kept.usable && kept.key === connectionKey(request.target);
}
