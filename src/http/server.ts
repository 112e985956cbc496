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
import { Connections } from './exchange/connections.js';
import type { Begun } from './exchange/begun.js';
import { Exchange } from './exchange/exchange.js';
import { HitFront, type HitRooms } from './hits/hit-front.js';
import { listenOn } from './exchange/listen.js';
import type { Believed } from './request/own-url.js';
import { requestId } from './request/request-id.js';
import type { RequestTable } from './exchange/request-watch.js';
import type { ExchangeRooms } from './exchange/rooms.js';
import type { Mount } from './request/route.js';
import { type Attempt, NOT_HERE, StandingAnswers } from './hits/standing.js';
import { strictServer } from './strict-server.js';
import type { TimedResponse } from './exchange/timed-response.js';
import { Turns } from './exchange/turns.js';

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

type OwnRooms = 'mounts' | 'access' | 'believed' | 'clock' | 'requests';

export interface FrontOptions extends Omit<ExchangeRooms, OwnRooms> {
  readonly config: FrontConfig;
  /** What answers small hits on threads of its own; absent: nothing does. */
  readonly hits?: HitRooms | null;
  readonly maxClients?: number; // what the limit of open files leaves room for
  /** Durations and dates in responses and records; the system's unless a test says otherwise. */
  readonly clock?: ExchangeRooms['clock'];
}

export interface Front {
  /** Resolves to the bound address; rejects with `ListenError`. */
  listen(): Promise<ListenAddress>;
  /**
   * Stops accepting, closes idle connections, lets running responses end and destroys what is left
   * at the deadline. Resolves when every connection is closed.
   */
  drain(): Promise<void>;
  /** Takes other bounds and mounts; connections and requests that there are go on. Not the address. */
  reconfigure(config: FrontConfig): void;
  /** Tells log, metrics and `requests` of every answer that was sent before this call. */
  tell(): void;
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
  #rooms: ExchangeRooms;
  readonly #connections: Connections;
  readonly #turns = new Turns();
  readonly #standing: StandingAnswers;
  readonly #hits: HitFront | null;
  readonly #running = new Set<TimedResponse>();
  readonly #server;
  /** Node's own listener for connections. */
  readonly #parse: (socket: Socket) => void;
  #address: ListenAddress | null = null;
  #draining: Promise<void> | null = null;

  constructor({ config, clock = systemClock, hits = null, maxClients, ...rooms }: FrontOptions) {
    this.#config = config.listen;
    this.requests = new TransferTable('r', clock);
    const { requests } = this;
    const { origins: mounts, listen } = config;
    this.#standing = new StandingAnswers(config.listen.keepAliveTimeoutMs);
    const cache = this.#standing.learningFrom(rooms.cache, () => this.#rooms);
    const access = new Access(config, hits?.server ?? null);
    const believed = listen.forwarded;
    this.#rooms = { ...rooms, cache, mounts, access, believed, clock, requests };
    this.#connections = new Connections(listen.maxConnections, maxClients);
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
    // First who is admitted, then node's own listener, which reads and parses what comes.
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
    const access = this.#rooms.access.renewed(config);
    this.#rooms = { ...this.#rooms, mounts: origins, access, believed: listen.forwarded };
    this.#connections.setMax(listen.maxConnections);
    this.#standing.reconfigure(listen.keepAliveTimeoutMs);
    this.#server.headersTimeout = listen.headersTimeoutMs;
    this.#server.requestTimeout = listen.requestTimeoutMs;
    this.#server.keepAliveTimeout = listen.keepAliveTimeoutMs;
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  tell(): void {
    this.#hits?.tell();
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
    const cancel = this.#rooms.clock.after(this.#config.drainTimeoutMs, () => {
      this.#connections.destroy(() => true);
    });
    await closed;
    cancel();
    this.#hits?.close();
  }

  #hitFront(hits: HitRooms): HitFront {
    // Nobody reads a connection that may be the hit server's.
    Object.assign(this.#server, { pauseOnConnect: true });
    const options = {
      ...hits,
      standing: this.#standing,
      rooms: () => this.#rooms,
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
      this.#rooms.telemetry.metrics.requestRejected('too-many-connections');
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
    const begun = attempt.kind === 'begun' ? attempt.begun : undefined;
    // Without listeners a broken connection would end the process; 'close' says all there is to say.
    request.on('error', ignore);
    response.on('error', ignore);
    const taken = this.#turns.take(request, response, () => {
      this.#start(request, response, begun);
    });
    if (!taken) this.#rooms.telemetry.metrics.requestRejected('pipelining');
  }

  #attempt(request: IncomingMessage, response: TimedResponse): Attempt {
    const { socket } = request;
    const mayRun = this.#draining === null && this.#turns.isFree(socket);
    if (!mayRun || this.#connections.isSurplus(socket)) return NOT_HERE;
    return this.#standing.attempt(request, response, this.#rooms);
  }

  #start(request: IncomingMessage, response: TimedResponse, begun: Begun | undefined): void {
    this.#running.add(response);
    if (this.#draining !== null) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#running.delete(response);
      // A head that was sent before the drain promised to keep the connection.
      if (this.#draining !== null) request.socket.destroySoon();
    });
    const refusal = this.#connections.isSurplus(request.socket) ? 'too-many-connections' : null;
    const exchange = new Exchange(request, response, this.#rooms);
    void (begun === undefined ? exchange.run(refusal) : exchange.resume(begun));
  }

  #onClientError(code: string | undefined, socket: Duplex): void {
    const refusal = classifyClientError(code);
    if (refusal === undefined) socket.destroy();
    else void this.#refuse(socket, refusal, null);
  }

  /** For what never becomes an exchange; `request` where it could be read. Never rejects. */
  async #refuse(
    socket: Duplex,
    refusal: RawRefusal,
    request: IncomingMessage | null,
  ): Promise<void> {
    const { clock, mounts, telemetry } = this.#rooms;
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
  // See where it is used.
}
