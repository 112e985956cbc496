/**
 * The general client: undici, for every response that the lean reader does not support (chunked
 * coding above all). Slower: body bytes are copied once more. Forebay's own timers bound it, and
 * nothing is decompressed. Used by client.
 */
import type { Client } from 'undici';
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import type { ExchangeEnd } from './exchange-end.js';
import { type Exchanged, type LaneConnection, LaneConnections } from './lane-connections.js';
import { connectionKey } from './lean-connection.js';
import { IDLE_CONNECTION_MS, type OriginClientOptions } from './options.js';
import { requestFields, requestTarget } from './request-head.js';
import { MAX_HEAD_BYTES } from './response-head.js';
import { cancelledError } from './transport-error.js';
import { guardedConnector } from './undici-connector.js';
import { UndiciExchange } from './undici-exchange.js';

/** An undici `Client`, which holds at most one connection and reopens it when necessary. */
class UndiciConnection implements LaneConnection {
  readonly key: string;
  readonly client: Client;

  constructor(key: string, client: Client) {
    this.key = key;
    this.client = client;
  }

  get usable(): boolean {
    return !this.client.destroyed;
  }

  /** Undici's own idle timer runs. */
  idle(): void {
    return;
  }

  destroy(): Promise<void> {
    return this.client.destroy();
  }
}

export class UndiciClient implements OriginClient {
  readonly #options: OriginClientOptions;
  readonly #connections: LaneConnections<UndiciConnection>;

  constructor(options: OriginClientOptions) {
    this.#options = options;
    this.#connections = new LaneConnections(options.clock);
  }

  async fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome> {
    const headers = Object.fromEntries(requestFields(request));
    return this.#connections.run(request, connectionKey(request.target), (kept) =>
      this.#exchange(request, headers, sink, kept),
    );
  }

  release(lane: number): Promise<void> {
    return this.#connections.release(lane);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** One request on `kept`, or on a new client. */
  async #exchange(
    request: OriginRequest,
    headers: Record<string, string>,
    sink: BodySink,
    kept: UndiciConnection | undefined,
  ): Promise<Exchanged<UndiciConnection>> {
    const connection = kept ?? (await this.#connect(request));
    if (request.signal.aborted) {
      await connection.destroy();
      throw cancelledError();
    }
    const path = requestTarget(request.target);
    const end = await new Promise<ExchangeEnd>((resolve) => {
      const exchange = new UndiciExchange(request, sink, this.#options.clock, resolve);
      connection.client.dispatch({ method: 'GET', path, headers }, exchange);
    });
    return { end, connection };
  }

  async #connect({ target, limits }: OriginRequest): Promise<UndiciConnection> {
    // Loaded on first need: most workers never need it, and it costs some 20 MB of memory.
    const undici = await import('undici');
    const { clock, ca } = this.#options;
    const client = new undici.Client(new URL(target.url).origin, {
      pipelining: 1,
      maxHeaderSize: MAX_HEAD_BYTES,
      // Forebay's timers run instead, on the injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
      connect: guardedConnector({
        place: target,
        clock,
        timeoutMs: limits.connectTimeoutMs,
        ca,
      }),
    });
    return new UndiciConnection(connectionKey(target), client);
  }
}
