/**
 * The HTTP front: node's server made strict and bounded, and its life from listening to drain.
 * assemble creates one; every request becomes an `Exchange`.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from '../config/kinds.js';
import { headersFromRaw, headerValue } from '../model/headers.js';
import { systemClock } from '../model/time.js';
import { TransferTable } from '../telemetry/transfer-table.js';
import { Access } from './access/access.js';
import { allowedMethods } from './request/allow.js';
import { classifyClientError, type RawRefusal, refuseRaw } from './exchange/client-error.js';
import { ClientConnections } from './exchange/connections.js';
import type { PartialSend } from './exchange/partial-send.js';
import { Exchange } from './exchange/exchange.js';
import { HitFront, type HitDeps } from './hits/hit-front.js';
import { listenOn } from './exchange/listen.js';
import type { Believed } from './request/own-url.js';
import { requestId } from './request/request-id.js';
import type { RequestTable } from './exchange/request-watch.js';
import type { ExchangeDeps } from './exchange/deps.js';
import type { Mount } from './request/route.js';
import { type Attempt, NOT_HERE, HotHits } from './hits/hot-hits.js';
import { strictServer } from './strict-server.js';
import type { TimedResponse } from './exchange/timed-response.js';
import { PipelineQueue } from './exchange/pipeline-queue.js';

/** What the front needs of the configuration; every `Config` is one. */
export interface FrontConfig {
  readonly listen: {
    readonly address: ListenAddress;
    readonly hosts?: readonly string[];
    readonly maxConnections: number;
    readonly headersTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    readonly drainTimeoutMs: number;
    readonly forwarded: Believed;
  };
  readonly origins: readonly Mount[];
}

type OwnDeps = 'mounts' | 'access' | 'believed' | 'clock' | 'requests';

export interface FrontOptions extends Omit<ExchangeDeps, OwnDeps> {
  readonly config: FrontConfig;
  /** What answers small hits on threads of its own; absent: nothing does. */
  readonly hits?: HitDeps | null;
  readonly maxClients?: number; // what the limit of open files leaves room for
  /** The clock of durations and dates in responses and records; tests replace it. */
  readonly clock?: ExchangeDeps['clock'];
}

export interface Front {
  /** Resolves to the bound address; rejects with `ListenError`. */
  listen(): Promise<ListenAddress>;
  /**
   * Stops accepting, closes idle connections, waits for running responses and destroys the
   * remaining connections at the deadline. Resolves when every connection is closed.
   */
  drain(): Promise<void>;
  /**
   * Takes other bounds and mounts; connections and requests that there are go on. Not the address.
   */
  reconfigure(config: FrontConfig): void;
  /** Flushes the records of every answer that was sent before this call. */
  flushRecords(): void;
  /** The bound address; `null` while not listening. */
  readonly address: ListenAddress | null;
  /** Open client connections. */
  readonly connectionCount: number;
  /** The requests that run, and those that ended lately. */
  readonly requests: RequestTable;
}

/** Creates the front; nothing is opened before `listen`. */
export function createFront(options: FrontOptions): Front {
  return new NodeFront(options);
}

class NodeFront implements Front {
  readonly requests: RequestTable;
  #config: FrontConfig['listen'];
  /** Each exchange keeps the rooms that it began with. */
  #deps: ExchangeDeps;
  readonly #connections: ClientConnections;
  readonly #turns = new PipelineQueue();
  readonly #hotHits: HotHits;
  readonly #hits: HitFront | null;
  readonly #running = new Set<TimedResponse>();
  readonly #server;
  /** Node's own listener for connections. */
  readonly #parse: (socket: Socket) => void;
  #address: ListenAddress | null = null;
  #draining: Promise<void> | null = null;

  constructor({ config, clock = systemClock, hits = null, maxClients, ...deps }: FrontOptions) {
    this.#config = config.listen;
    this.requests = new TransferTable('r', clock);
    const { requests } = this;
    const { origins: mounts, listen } = config;
    this.#hotHits = new HotHits(config.listen.keepAliveTimeoutMs);
    const cache = this.#hotHits.learningFrom(deps.cache, () => this.#deps);
    const access = new Access(config, hits?.server ?? null);
    const believed = listen.forwarded;
    this.#deps = { ...deps, cache, mounts, access, believed, clock, requests };
    this.#connections = new ClientConnections(listen.maxConnections, maxClients);
    const onRequest = (request: IncomingMessage, response: TimedResponse): void => {
      this.#onRequest(request, response);
    };
    this.#server = strictServer(config.listen, {
      request: onRequest,
      tunnel: (request, socket) => {
        void this.#refuse(socket, 'method-not-allowed', request);
      },
      unread: (code, socket) => {
        this.#onClientError(code, socket);
      },
    });
    [this.#parse] = this.#server.listeners('connection') as [(socket: Socket) => void];
    this.#hits = hits === null ? null : this.#hitFront(hits);
    // Admission first; then Node's own listener, which reads and parses the connection.
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket) => {
      this.#onConnection(socket);
    });
  }

  get address(): ListenAddress | null {
    return this.#address;
  }

  get connectionCount(): number {
    return this.#connections.count;
  }

  async listen(): Promise<ListenAddress> {
    this.#address = await listenOn(this.#server, this.#config.address);
    return this.#address;
  }

  reconfigure(config: FrontConfig): void {
    const { listen, origins } = config;
    this.#config = listen;
    const access = this.#deps.access.renewed(config);
    this.#deps = { ...this.#deps, mounts: origins, access, believed: listen.forwarded };
    this.#connections.setMax(listen.maxConnections);
    this.#hotHits.reconfigure(listen.keepAliveTimeoutMs);
    this.#server.headersTimeout = listen.headersTimeoutMs;
    this.#server.requestTimeout = listen.requestTimeoutMs;
    this.#server.keepAliveTimeout = listen.keepAliveTimeoutMs;
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  flushRecords(): void {
    this.#hits?.flushRecords();
  }

  async #drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#address = null;
    this.#hits?.drain();
    for (const response of this.#running) response.shouldKeepAlive = false;
    this.#connections.destroy(
      (socket) => !this.#turns.isBusy(socket) && this.#hits?.isBusy(socket) !== true,
    );
    const cancel = this.#deps.clock.after(this.#config.drainTimeoutMs, () => {
      this.#connections.destroy(() => true);
    });
    await closed;
    cancel();
    this.#hits?.close();
  }

  #hitFront(hits: HitDeps): HitFront {
    // Node must not read a connection that the hit server may take.
    Object.assign(this.#server, { pauseOnConnect: true });
    const options = {
      ...hits,
      hotHits: this.#hotHits,
      deps: () => this.#deps,
      timeouts: () => this.#config,
      give: (socket: Socket) => {
        this.#serve(socket);
      },
    };
    return new HitFront(options);
  }

  #onConnection(socket: Socket): void {
    const admission = this.#connections.admit(socket);
    if (admission === 'cut') {
      this.#deps.telemetry.metrics.requestRejected('too-many-connections');
      socket.destroy();
    } else if (admission === 'surplus' || this.#hits?.take(socket) !== true) this.#serve(socket);
  }

  /** Has node read the requests of a connection. */
  #serve(socket: Socket): void {
    if (socket.destroyed) return;
    this.#parse.call(this.#server, socket);
    if (this.#hits !== null) socket.resume();
  }

  #onRequest(request: IncomingMessage, response: TimedResponse): void {
    const attempt = this.#attempt(request, response);
    if (attempt.kind === 'answered') return;
    const partial = attempt.kind === 'begun' ? attempt.partial : undefined;
    // Without listeners a broken connection would end the process; 'close' is all that is needed.
    request.on('error', ignore);
    response.on('error', ignore);
    const taken = this.#turns.take(request, response, () => {
      this.#start(request, response, partial);
    });
    if (!taken) this.#deps.telemetry.metrics.requestRejected('pipelining');
  }

  #attempt(request: IncomingMessage, response: TimedResponse): Attempt {
    const { socket } = request;
    const mayRun = this.#draining === null && this.#turns.isFree(socket);
    if (!mayRun || this.#connections.isSurplus(socket)) return NOT_HERE;
    return this.#hotHits.attempt(request, response, this.#deps);
  }

  #start(
    request: IncomingMessage,
    response: TimedResponse,
    partial: PartialSend | undefined,
  ): void {
    this.#running.add(response);
    if (this.#draining !== null) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#running.delete(response);
      // A head that was sent before the drain promised to keep the connection.
      if (this.#draining !== null) request.socket.destroySoon();
    });
    const refusal = this.#connections.isSurplus(request.socket) ? 'too-many-connections' : null;
    const exchange = new Exchange(request, response, this.#deps);
    void (partial === undefined ? exchange.run(refusal) : exchange.resume(partial));
  }

  #onClientError(code: string | undefined, socket: Duplex): void {
    const refusal = classifyClientError(code);
    if (refusal === undefined) socket.destroy();
    else void this.#refuse(socket, refusal, null);
  }

  /** Refuses what never becomes an exchange; `request` if it could be parsed. Never rejects. */
  async #refuse(
    socket: Duplex,
    refusal: RawRefusal,
    request: IncomingMessage | null,
  ): Promise<void> {
    const { clock, mounts, telemetry } = this.#deps;
    telemetry.metrics.requestRejected(refusal);
    const fields = headersFromRaw(request?.rawHeaders ?? []);
    const id = requestId(headerValue(fields, 'x-request-id'));
    const outcome = await refuseRaw(socket, refusal, {
      busy: this.#turns.isBusy(socket),
      nowMs: clock.now(),
      requestId: id,
      allow: allowedMethods(request?.url ?? '', mounts),
    });
    const { method = null, url: target = null } = request ?? {};
    const record = { requestId: id, method, target, code: refusal, ...outcome };
    telemetry.metrics.unreadRequestRefused(record);
    telemetry.accessLog.unreadRequestRefused(record);
  }
}

function ignore(): void {
  // See `#onRequest`.
}
