/**
 * One TCP or TLS connection of the lean reader. Reads land in memory that the connection's current
 * user names (Node's `onread`), so that a body costs neither a copy nor garbage. Owned by
 * lean-client, used by one lean-exchange at a time.
 */
import type net from 'node:net';
import type { FetchUrl } from '../model/fetch.js';
import { connect, type ConnectPlace, readsByItself } from './connect.js';
import type { OriginClientOptions } from './options.js';

/** Memory for heads and for the first read after a pause: one full socket read of libuv. */
const SCRATCH_BYTES = 64 * 1024;

/** Callbacks of the connection's user. None of these may throw. */
export interface ConnectionUser {
  /** TCP is connected, and TLS if the scheme needs it. */
  connected(): void;
  /** Memory for the next read; `undefined`: read into the connection's own. */
  space(): Uint8Array | undefined;
  /** `count` bytes lie at the beginning of what `space` gave out last. */
  landed(count: number): void;
  /** Bytes in the connection's own memory: only valid during the call. */
  received(bytes: Uint8Array): void;
  /** The origin closed its side. */
  ended(): void;
  /** The connection is gone. `error` is undefined if no reason is known. */
  lost(error: unknown): void;
}

/**
 * Names what a connection may be used for: scheme, host, port, address policy and the way there.
 */
export function connectionKey({ url, addresses, reach }: ConnectPlace): string {
  return `${new URL(url).origin} ${addresses} ${reach?.key ?? ''}`;
}

export class LeanConnection {
  readonly key: string;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** Ends the connecting. */
  readonly #dropped = new AbortController();
  /** Settles when there is a connection, or when it is known that there will be none. */
  readonly #connecting: Promise<void>;
  #socket: net.Socket | undefined;
  #user: ConnectionUser | undefined;
  #paused = false;
  #error: unknown;

  /** Starts to connect; call `claim` in the same turn. Failures are reported by `lost`. */
  constructor(target: FetchUrl, options: OriginClientOptions) {
    this.key = connectionKey(target);
    this.#connecting = this.#connect(target, options);
  }

  async #connect(target: FetchUrl, { clock, ca }: OriginClientOptions): Promise<void> {
    const onread = {
      buffer: () => this.#user?.space() ?? this.#scratch,
      callback: (count: number, buffer: Uint8Array) => this.#read(count, buffer),
    };
    try {
      const { signal } = this.#dropped;
      const socket = await connect(target, { clock, ca, signal, onread });
      if (readsByItself(target)) {
        // Copied once more: bodies from behind a proxy by https alone.
        socket.on('data', (bytes: Uint8Array) => {
          if (this.#user === undefined) void this.destroy();
          else this.#user.received(bytes);
        });
      }
      this.#use(socket);
    } catch (error) {
      this.#user?.lost(error);
    }
  }

  #use(socket: net.Socket): void {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => {
      // Idle: the origin closed a kept connection, and the next request must not find it.
      if (this.#user === undefined) void this.destroy();
      else this.#user.ended();
    });
    socket.on('close', () => this.#user?.lost(this.#error));
    if (this.#dropped.signal.aborted) socket.destroy();
    else this.#user?.connected();
  }

  get usable(): boolean {
    return this.#socket?.destroyed === false && this.#socket.readyState === 'open';
  }

  /** Hands the connection to an exchange. */
  claim(user: ConnectionUser): void {
    this.#user = user;
    this.#socket?.ref();
  }

  /** The exchange is over and the connection stays: bytes from now on are a fault. */
  idle(): void {
    this.#user = undefined;
    if (this.#paused) this.resume();
    // An idle connection keeps no worker alive.
    this.#socket?.unref();
  }

  write(head: string): void {
    this.#socket?.write(head, 'latin1');
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  /** Drops the connection; resolves when it is gone. Its user hears nothing more. */
  async destroy(): Promise<void> {
    this.#user = undefined;
    this.#dropped.abort();
    await this.#connecting;
    const socket = this.#socket;
    if (socket === undefined || socket.closed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
      socket.destroy();
    });
  }

  #read(count: number, buffer: Uint8Array): boolean {
    if (this.#user === undefined) void this.destroy();
    else if (buffer === this.#scratch) this.#user.received(buffer.subarray(0, count));
    else this.#user.landed(count);
    return !this.#paused;
  }
}
