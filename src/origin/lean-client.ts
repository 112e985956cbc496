/**
 * The bulk reader: an HTTP/1.1 client for ranged GETs on bare sockets, several times cheaper per
 * byte than a general one because body bytes go from the kernel straight into the sink's memory. It
 * reports framing that it does not support and leaves that to undici-client. Runs on workers.
 */
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import type { ExchangeEnd } from './exchange-end.js';
import { type Exchanged, LaneConnections } from './lane-connections.js';
import { connectionKey, LeanConnection } from './lean-connection.js';
import { LeanExchange } from './lean-exchange.js';
import type { OriginClientOptions } from './options.js';
import { serializeRequest } from './request-head.js';

export class LeanClient implements OriginClient {
  readonly #options: OriginClientOptions;
  readonly #connections: LaneConnections<LeanConnection>;

  constructor(options: OriginClientOptions) {
    this.#options = options;
    this.#connections = new LaneConnections(options.clock);
  }

  async fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome> {
    const head = serializeRequest(request);
    return this.#connections.run(request, connectionKey(request.target), (kept) =>
      this.#exchange(request, head, sink, kept),
    );
  }

  release(lane: number): Promise<void> {
    return this.#connections.release(lane);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** One request on `kept`, or on a new connection. */
  async #exchange(
    request: OriginRequest,
    head: string,
    sink: BodySink,
    kept: LeanConnection | undefined,
  ): Promise<Exchanged<LeanConnection>> {
    const connection = kept ?? new LeanConnection(request.target, this.#options);
    const end = await new Promise<ExchangeEnd>((resolve) => {
      const { clock } = this.#options;
      const exchange = new LeanExchange(request, head, sink, connection, clock, resolve);
      connection.claim(exchange);
      exchange.start(kept === undefined ? 'new' : 'kept');
    });
    return { end, connection };
  }
}
