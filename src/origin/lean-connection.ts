/**
 * One TCP or TLS connection of the lean client. Node reads into memory that the current user of the
 * connection provides (`onread`), so that a body costs no copy and no allocation. Owned by
 * lean-client, used by one lean-exchange at a time.
 */
import type net from 'node:net';
import type { FetchUrl } from '../model/fetch.js';
import { connect, type ConnectPlace, readsByItself } from './connect.js';
import type { OriginClientOptions } from './options.js';

/** Size of the connection's memory, for reads without space in the sink: one read of libuv. */
const SCRATCH_BYTES = 64 * 1024;

/** The receiver of a connection's events: an exchange. No method may throw. */
export interface ConnectionUser {
  /** Called when TCP, and TLS where the scheme requires it, are connected. */
  connected(): void;
  /** Returns memory for the next read; `undefined` to read into the connection's own memory. */
  space(): Uint8Array | undefined;
  /** Called when a read placed `count` bytes at the beginning of the last result of `space`. */
  landed(count: number): void;
  /** Called with bytes in the connection's own memory, which are valid only during the call. */
  received(bytes: Uint8Array): void;
  /** Called when the origin closed its side. */
  ended(): void;
  /** Called when the connection is closed. `error` is undefined when the cause is unknown. */
  lost(error: unknown): void;
}

/**
 * Returns a key of the requests that may share a connection: scheme, host, port, address policy,
 * proxy and certificates.
 */
export function connectionKey({ url, addresses, reach }: ConnectPlace): string {
  return `${new URL(url).origin} ${addresses} ${reach?.key ?? ''}`;
}

export class LeanConnection {
  readonly key: string;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** Aborted by `destroy`: ends an attempt to connect. */
  readonly #dropped = new AbortController();
  /** Settles when the attempt to connect has succeeded or failed. */
  readonly #connecting: Promise<void>;
  #socket: net.Socket | undefined;
  #user: ConnectionUser | undefined;
  #paused = false;
  #error: unknown;

  /**
   * Starts to connect. The caller must call `claim` in the same turn of the event loop, because the
   * user gets a failure by `lost`.
   */
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
        // Costs one more copy, into the sink's memory, only for https through a proxy.
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
      // The origin closed an idle connection: the next request must not use it.
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

  /** Makes `user` the receiver of the connection's events. */
  claim(user: ConnectionUser): void {
    this.#user = user;
    this.#socket?.ref();
  }

  /** Keeps the connection without a user: bytes that arrive now are a fault and destroy it. */
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

  /** Closes the connection; resolves when it is closed. The user gets no further events. */
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
