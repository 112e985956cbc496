/**
 * What the front has a hit server (compute/hit-server) do: it gives it new connections, says which answers
 * stand, and takes back every connection that has something else to say. What the server does is told as
 * it is of any other answer. Made by http/server where there is such a server.
 */
import type { Socket } from 'node:net';
import type { BegunHit, HitListener, HitRecord, HitServer } from '../../compute/hit-server.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { Changes } from '../../model/changes.js';
import { within } from '../../model/deferred.js';
import { steadyNow } from '../../model/steady-time.js';
import type { RestEnd } from '../../send/rest-send.js';
import type { Hits } from '../../send/sending.js';
import { descriptorOf } from '../../send/socket-fd.js';
import type { RequestEnding } from '../../telemetry/request-record.js';
import { type HitFile, HitFiles } from './hit-files.js';
import { HitTargets, recordOf, type ToldTarget } from './hit-targets.js';
import type { ExchangeRooms } from '../exchange/rooms.js';
import { type StandingAnswers, type StandingEntry, tellHit } from './standing.js';

/** What comes from outside the front. */
export interface HitRooms extends Hits {
  /** What may make an answer stand no more. */
  readonly changes: Changes;
  /** Registers what is called when a chunk finds no room. */
  readonly onPressure: (give: () => void) => void;
}

/** What the front gives it. */
export interface HitFrontOptions extends HitRooms {
  readonly standing: StandingAnswers;
  readonly rooms: () => ExchangeRooms;
  readonly timeouts: () => {
    readonly headersTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
  };
  /** A connection of which the first request has come that is not for the server; or none at all. */
  readonly give: (socket: Socket) => void;
}

/**
 * How long a head counts: by so much Age may lag, and an answer be given after it has ceased to be fresh.
 * What changes otherwise counts at once.
 */
const GRANT_MS = 100;

/** How long a connection is kept waiting for a chunk to be opened and verified: some 10 ms by rights. */
const READY_MS = 5000;

/** How often idle connections and chunks are looked for. */
const SWEEP_MS = 1000;

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
  readonly #targets = new HitTargets();
  /** Connections whose answer goes on here. */
  readonly #sending = new Set<Socket>();
  #cancelSweep: () => void = () => undefined;
  #draining = false;

  constructor(options: HitFrontOptions) {
    const { server, changes, standing, onPressure } = options;
    this.#options = options;
    this.#server = server;
    this.#files = new HitFiles(server);
    server.listen(this);
    standing.listen({ learnt: this.#learnt.bind(this), forgotten: this.#forget.bind(this) });
    changes.onChange((change) => {
      server.change();
      if (change !== 'removal') return;
      // Of all, as it is not known which of them go; they are opened again when they are asked for.
      this.#files.revokeAll();
      server.settle();
    });
    onPressure(() => {
      this.#files.relieve(this.#options.rooms().clock.monotonic());
    });
    this.#sweepLater();
  }

  /** Has the server answer what comes on a connection; false where that is not worth it. */
  take(socket: Socket): boolean {
    return this.#watch(socket, false);
  }

  #watch(socket: Socket, hasAnswered: boolean): boolean {
    const { rooms, standing } = this.#options;
    // Spans are an exchange's.
    if (this.#draining || standing.size === 0 || rooms().telemetry.tracer !== null) return false;
    const fd = descriptorOf(socket);
    if (fd === null) return false;
    let connection: number;
    try {
      connection = this.#server.watch(fd);
    } catch {
      return false;
    }
    const activeAt = rooms().clock.monotonic();
    this.#watched.set(connection, { socket, activeAt, hasAnswered });
    return true;
  }

  /** True while an answer of this connection goes on. */
  isBusy(socket: Socket): boolean {
    return this.#sending.has(socket);
  }

  /** Tells of every answer that was sent before this call. */
  tell(): void {
    this.#server.settle();
  }

  /** The server answers nothing more: its connections are idle, but for those that are busy here. */
  drain(): void {
    this.#draining = true;
    this.#cancelSweep();
    for (const connection of [...this.#watched.keys()]) {
      if (this.#server.release(connection)) this.#watched.delete(connection);
    }
    // What it had begun goes on here.
    this.#server.settle();
  }

  /** After the last connection. What was cut with them is told of by when the pump is closed. */
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

  /** A chunk that is held, but not open or not verified, is waited for here: given to node, a connection stays there. */
  async #grantSoon(connection: number, token: number, start: number, end: number): Promise<void> {
    const { clock } = this.#options.rooms();
    const late = (): Error => new Error('the chunk is not ready');
    const ready = this.#targets.current(token)?.entry.standing.ready(start, end);
    const bound = { clock, ms: READY_MS, timedOut: late, aborted: late };
    await within(ready ?? Promise.resolve(), bound).catch(() => undefined);
    // Drained meanwhile.
    if (!this.#watched.has(connection)) return;
    if (this.#grant(token, start, end)) this.#server.resume(connection);
    else if (this.#server.release(connection)) this.handedOver(connection);
  }

  cold(connection: number, file: number, bytes: ByteRange): void {
    void this.#files.readIn(file, bytes).then(() => {
      // What could not be read is for node to find out about.
      if (this.#watched.has(connection)) this.#server.resume(connection);
    });
  }

  begun(connection: number, file: number): void {
    const begun = this.#server.takeBegun(connection);
    const watched = this.#watched.get(connection);
    this.#watched.delete(connection);
    if (begun === null || watched === undefined) return;
    const { socket } = watched;
    const { record, head } = begun;
    // Now: it may be forgotten before its client has all.
    const target = this.#targets.of(record.token);
    this.#sending.add(socket);
    const open = this.#files.retain(file);
    void this.#sendRest(socket, begun, open).then(({ reason, bytesSent }) => {
      const bodyBytesSent = record.bodyBytesSent + Math.max(0, bytesSent - head.length);
      const ending = reason === 'source-failed' ? 'failed' : reason;
      this.#tell(target, { ...record, bodyBytesSent }, ending);
      this.#sent(socket, ending);
    });
  }

  /** Never rejects; `open` is released. */
  async #sendRest(
    socket: Socket,
    { record, head }: BegunHit,
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
      watched.activeAt = this.#options.rooms().clock.monotonic();
      watched.hasAnswered = true;
    }
    this.#tell(this.#targets.of(record.token), record, 'complete');
  }

  #sent(socket: Socket, ending: RequestEnding): void {
    this.#sending.delete(socket);
    if (ending !== 'complete') socket.destroy();
    // Its head promised to keep the connection, before the drain.
    else if (this.#draining) socket.destroySoon();
    else if (!this.#watch(socket, true)) this.#options.give(socket);
  }

  #learnt(url: string, entry: StandingEntry): void {
    const token = this.#targets.add(url, entry);
    if (token !== undefined) this.#server.define(url, token, entry.standing.lengthBytes);
  }

  #forget(url: string): void {
    const token = this.#targets.forget(url);
    if (token !== undefined) this.#server.remove(token);
  }

  /** Vouches anew for a target, and for the chunk that the bytes `start <= i < end` are in. */
  #grant(token: number, start: number, end: number): boolean {
    const target = this.#targets.current(token);
    if (target === undefined) return false;
    const { rooms, standing } = this.#options;
    const { clock, mounts } = rooms();
    const nowMs = clock.now();
    const times = standing.timesOf(target.url, mounts, steadyNow(clock));
    if (times === undefined) return false;
    const { entry } = target;
    const at = clock.monotonic();
    if (start < end && !this.#files.grant(token, entry.standing, start, end, at)) return false;
    this.#server.grant(token, entry.head.pieces(times, nowMs), GRANT_MS);
    return true;
  }

  #tell(target: ToldTarget | undefined, record: HitRecord, ending: RequestEnding): void {
    if (target === undefined) return;
    const rooms = this.#options.rooms();
    rooms.telemetry.metrics.hitServerAnswered();
    tellHit(target.entry, recordOf(target, record, ending), rooms, rooms.clock.now());
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.rooms().clock.after(SWEEP_MS, () => {
      this.#sweep(this.#options.rooms().clock.monotonic());
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
      // As node has it: 0 is for ever.
      if (timeoutMs === 0 || nowMs - activeAt < timeoutMs) continue;
      if (!this.#server.release(connection)) continue;
      this.#watched.delete(connection);
      // As node does after an answer; and a first request is for node to wait for, or to refuse.
      if (hasAnswered) socket.destroy();
      else this.#options.give(socket);
    }
  }
}
