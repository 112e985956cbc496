/**
 * Runs the native hit server (compute/hit-server): gives it connections and grants, takes back
 * connections with other requests, and records its answers.
 */
import type { Socket } from 'node:net';
import type { HitRecord } from '../../compute/hit-protocol.js';
import type { HitListener, HitServer, PartialHit } from '../../compute/hit-server.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { InvalidationEvents } from '../../model/invalidation-events.js';
import { within } from '../../model/deferred.js';
import { steadyNow } from '../../model/steady-time.js';
import type { RestEnd } from '../../send/rest-send.js';
import type { Hits } from '../../send/sending.js';
import { descriptorOf } from '../../send/socket-fd.js';
import type { RequestEnding } from '../../telemetry/request-record.js';
import { type HitFile, HitFiles } from './hit-files.js';
import { HitTokens, nativeHitRecord, type RecordedTarget } from './hit-tokens.js';
import type { ExchangeDeps } from '../exchange/deps.js';
import { type HotHits, type HotHit, recordHit } from './hot-hits.js';

/** What the front gets from other rooms. */
export interface HitDeps extends Hits {
  /** Every change that may end a reusable hit. */
  readonly changes: InvalidationEvents;
  /** Registers a function that is called when a chunk finds no room. */
  readonly onPressure: (give: () => void) => void;
}

/** What the front gives it. */
export interface HitFrontOptions extends HitDeps {
  readonly hotHits: HotHits;
  readonly deps: () => ExchangeDeps;
  readonly timeouts: () => {
    readonly headersTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
  };
  /** Called with a connection that Node must serve: no eligible request came in time. */
  readonly give: (socket: Socket) => void;
}

/** Lifetime of a granted head: an upper bound on how stale its Age and its freshness can be. */
const GRANT_MS = 100;

/** The longest a connection waits for a chunk to be opened and verified; usually some 10 ms. */
const READY_MS = 5000;

const IDLE_SWEEP_INTERVAL_MS = 1000;

interface Watched {
  readonly socket: Socket;
  /** Of its beginning, or of its last answer. */
  activeAt: number;
  hasAnswered: boolean;
}

export class HitFront implements HitListener {
  readonly #options: HitFrontOptions;
  readonly #server: HitServer;
  readonly #files: HitFiles;
  readonly #watched = new Map<number, Watched>();
  readonly #targets = new HitTokens();
  /** Connections whose answer goes on here. */
  readonly #sending = new Set<Socket>();
  #cancelSweep: () => void = () => undefined;
  #draining = false;

  constructor(options: HitFrontOptions) {
    const { server, changes, hotHits, onPressure } = options;
    this.#options = options;
    this.#server = server;
    this.#files = new HitFiles(server);
    server.listen(this);
    hotHits.listen({ learnt: this.#learnt.bind(this), forgotten: this.#forget.bind(this) });
    changes.onChange((change) => {
      server.change();
      if (change !== 'removal') return;
      // All targets, as the change does not name them; each is opened again when it is requested.
      this.#files.revokeAll();
      server.settle();
    });
    onPressure(() => {
      this.#files.relieve(this.#options.deps().clock.monotonic());
    });
    this.#sweepLater();
  }

  /** Gives a connection to the hit server; false if there is nothing to gain. */
  take(socket: Socket): boolean {
    return this.#watch(socket, false);
  }

  #watch(socket: Socket, hasAnswered: boolean): boolean {
    const { deps, hotHits } = this.#options;
    // Spans are an exchange's.
    if (this.#draining || hotHits.size === 0 || deps().telemetry.tracer !== null) return false;
    const fd = descriptorOf(socket);
    if (fd === null) return false;
    let connection: number;
    try {
      connection = this.#server.watch(fd);
    } catch {
      return false;
    }
    const activeAt = deps().clock.monotonic();
    this.#watched.set(connection, { socket, activeAt, hasAnswered });
    return true;
  }

  /** True while an answer of this connection goes on. */
  isBusy(socket: Socket): boolean {
    return this.#sending.has(socket);
  }

  /** Flushes the records of every answer that was sent before this call. */
  flushRecords(): void {
    this.#server.settle();
  }

  /** Stops the server: afterwards only connections with an answer under way are busy. */
  drain(): void {
    this.#draining = true;
    this.#cancelSweep();
    for (const connection of [...this.#watched.keys()]) {
      if (this.#server.release(connection)) this.#watched.delete(connection);
    }
    // Partly sent answers continue here.
    this.#server.settle();
  }

  /** Call after the last connection has closed. The pump flushes records of aborted transfers. */
  close(): void {
    this.#server.close();
    this.#files.allClosed();
  }

  handedOver(connection: number): void {
    const watched = this.#watched.get(connection);
    this.#watched.delete(connection);
    if (watched !== undefined) this.#options.give(watched.socket);
  }

  asks(connection: number, token: number, start: number, end: number): void {
    if (this.#grant(token, start, end)) this.#server.resume(connection);
    else void this.#grantSoon(connection, token, start, end);
  }

  /** Waits for a held chunk to be opened: a connection that Node serves stays with Node. */
  async #grantSoon(connection: number, token: number, start: number, end: number): Promise<void> {
    const { clock } = this.#options.deps();
    const late = (): Error => new Error('the chunk is not ready');
    const ready = this.#targets.current(token)?.entry.reusable.ready(start, end);
    const bound = { clock, ms: READY_MS, timedOut: late, aborted: late };
    await within(ready ?? Promise.resolve(), bound).catch(() => undefined);
    // Drained meanwhile.
    if (!this.#watched.has(connection)) return;
    if (this.#grant(token, start, end)) this.#server.resume(connection);
    else if (this.#server.release(connection)) this.handedOver(connection);
  }

  cold(connection: number, file: number, bytes: ByteRange): void {
    void this.#files.readIn(file, bytes).then(() => {
      // If the bytes could not be read, Node's path reports the error.
      if (this.#watched.has(connection)) this.#server.resume(connection);
    });
  }

  partiallySent(connection: number, file: number): void {
    const partial = this.#server.takePartialHit(connection);
    const watched = this.#watched.get(connection);
    this.#watched.delete(connection);
    if (partial === null || watched === undefined) return;
    const { socket } = watched;
    const { record, head } = partial;
    // Now: it may be forgotten before its client has all.
    const target = this.#targets.of(record.token);
    this.#sending.add(socket);
    const open = this.#files.retain(file);
    void this.#sendRest(socket, partial, open).then(({ reason, bytesSent }) => {
      const bodyBytesSent = record.bodyBytesSent + Math.max(0, bytesSent - head.length);
      const ending = reason === 'source-failed' ? 'failed' : reason;
      this.#recordAnswer(target, { ...record, bodyBytesSent }, ending);
      this.#sent(socket, ending);
    });
  }

  /** Never rejects; `open` is released. */
  async #sendRest(
    socket: Socket,
    { record, head }: PartialHit,
    open: HitFile | undefined,
  ): Promise<RestEnd> {
    const fd = descriptorOf(socket);
    const length = record.bodyBytes - record.bodyBytesSent;
    const released = (): void => {
      open?.release();
    };
    const gone = new AbortController();
    const onClose = (): void => {
      gone.abort();
    };
    socket.once('close', onClose);
    try {
      if (fd === null) throw new Error('the connection is closed');
      if (open === undefined && length > 0) throw new Error('its chunk is closed');
      const start = record.isWhole ? 0 : (record.range?.first ?? 0);
      const offset = start - (open?.begin ?? 0) + record.bodyBytesSent;
      const file = open && length > 0 ? { fd: open.file.fd, offset, length } : null;
      return await this.#options.sendRest(fd, { head, file }, released, gone.signal);
    } catch {
      // Where its sending could not begin: harmless after that did it.
      released();
      return { reason: fd === null ? 'client-closed' : 'source-failed', bytesSent: 0 };
    } finally {
      socket.off('close', onClose);
    }
  }

  fileClosed(file: number): void {
    this.#files.closed(file);
  }

  answered(record: HitRecord): void {
    const watched = this.#watched.get(record.connection);
    if (watched !== undefined) {
      watched.activeAt = this.#options.deps().clock.monotonic();
      watched.hasAnswered = true;
    }
    this.#recordAnswer(this.#targets.of(record.token), record, 'complete');
  }

  #sent(socket: Socket, ending: RequestEnding): void {
    this.#sending.delete(socket);
    if (ending !== 'complete') socket.destroy();
    // Its head promised to keep the connection, before the drain.
    else if (this.#draining) socket.destroySoon();
    else if (!this.#watch(socket, true)) this.#options.give(socket);
  }

  #learnt(url: string, entry: HotHit): void {
    const token = this.#targets.add(url, entry);
    if (token !== undefined) this.#server.define(url, token, entry.reusable.lengthBytes);
  }

  #forget(url: string): void {
    const token = this.#targets.forget(url);
    if (token !== undefined) this.#server.remove(token);
  }

  /** Grants a target anew, and the chunk with the bytes `start <= i < end`. */
  #grant(token: number, start: number, end: number): boolean {
    const target = this.#targets.current(token);
    if (target === undefined) return false;
    const { deps, hotHits } = this.#options;
    const { clock, mounts } = deps();
    const nowMs = clock.now();
    const times = hotHits.timesOf(target.url, mounts, steadyNow(clock));
    if (times === undefined) return false;
    const { entry } = target;
    const at = clock.monotonic();
    if (start < end && !this.#files.grant(token, entry.reusable, start, end, at)) return false;
    this.#server.grant(token, entry.head.pieces(times, nowMs), GRANT_MS);
    return true;
  }

  #recordAnswer(
    target: RecordedTarget | undefined,
    record: HitRecord,
    ending: RequestEnding,
  ): void {
    if (target === undefined) return;
    const deps = this.#options.deps();
    deps.telemetry.metrics.hitServerAnswered();
    recordHit(target.entry, nativeHitRecord(target, record, ending), deps, deps.clock.now());
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.deps().clock.after(IDLE_SWEEP_INTERVAL_MS, () => {
      this.#sweep(this.#options.deps().clock.monotonic());
      this.#sweepLater();
    });
  }

  #sweep(nowMs: number): void {
    this.#server.settle();
    this.#targets.sweep();
    this.#files.sweep(nowMs);
    const { headersTimeoutMs, keepAliveTimeoutMs } = this.#options.timeouts();
    for (const [connection, { socket, activeAt, hasAnswered }] of this.#watched) {
      const timeoutMs = hasAnswered ? keepAliveTimeoutMs : headersTimeoutMs;
      // 0 means no timeout, as in Node.
      if (timeoutMs === 0 || nowMs - activeAt < timeoutMs) continue;
      if (!this.#server.release(connection)) continue;
      this.#watched.delete(connection);
      // The keep-alive timeout applies after an answer only; before the first request Node's own
      // timeouts do.
      if (hasAnswered) socket.destroy();
      else this.#options.give(socket);
    }
  }
}
