/**
 * One TCP or TLS connection of the lean reader. Reads land in memory that the connection's current
 * user names (Node's `onread`), so that a body costs neither a copy nor garbage. Owned by
 * lean-client, used by one lean-exchange at a time.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { FetchTarget } from '../model/fetch.js';
import { checkLiteralAddress, guardedLookup } from './address.js';

/** Memory for heads and for the first read after a pause: one full socket read of libuv. */
const SCRATCH_BYTES = 64 * 1024;

/** Whom the connection tells what happens on it. None of these may throw. */
export interface ConnectionUser {
  /** TCP, and TLS where the scheme asks for it, are up. */
  connected(): void;
  /** Memory for the next read; `undefined`: read into the connection's own. */
  space(): Uint8Array | undefined;
  /** `count` bytes lie at the beginning of what `space` gave out last. */
  landed(count: number): void;
  /** Bytes in the connection's own memory: only valid during the call. */
  received(bytes: Uint8Array): void;
  /** The origin closed its side. */
  ended(): void;
  /** The connection is gone. `error` is undefined when nobody said why. */
  lost(error: unknown): void;
}

/** Names what a connection may be used for: scheme, host, port and address policy. */
export function connectionKey(target: FetchTarget): string {
  return `${new URL(target.url).origin} ${target.addresses}`;
}

export class LeanConnection {
  readonly key: string;
  readonly #socket: net.Socket;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  #user: ConnectionUser | undefined;
  #paused = false;
  #error: unknown;

  /**
   * Starts to connect; `claim` it in the same turn. Throws `origin-address-refused` for a literal
   * address that the target's policy forbids. `ca`: certificates to trust instead of Node's own.
   */
  constructor(target: FetchTarget, ca: string | undefined) {
    this.key = connectionKey(target);
    const url = new URL(target.url);
    checkLiteralAddress(url.hostname, target.addresses);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const secure = url.protocol === 'https:';
    const options = {
      host,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      lookup: guardedLookup(target.addresses),
      noDelay: true,
      onread: {
        buffer: () => this.#user?.space() ?? this.#scratch,
        callback: (count: number, buffer: Uint8Array) => this.#read(count, buffer),
      },
    } satisfies net.TcpNetConnectOpts;
    this.#socket = secure ? tls.connect(tlsOptions(options, ca)) : net.connect(options);
    this.#socket.once(secure ? 'secureConnect' : 'connect', () => this.#user?.connected());
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('end', () => {
      // Idle: the origin closed a kept connection, and the next request must not find it.
      if (this.#user === undefined) void this.destroy();
      else this.#user.ended();
    });
    this.#socket.on('close', () => this.#user?.lost(this.#error));
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === 'open';
  }

  /** Hands the connection to an exchange. */
  claim(user: ConnectionUser): void {
    this.#user = user;
    this.#socket.ref();
  }

  /** The exchange is over and the connection stays: bytes from now on are a fault. */
  idle(): void {
    this.#user = undefined;
    if (this.#paused) this.resume();
    // An idle connection keeps no worker alive.
    this.#socket.unref();
  }

  write(head: string): void {
    this.#socket.write(head, 'latin1');
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** Drops the connection; resolves when it is gone. Its user hears nothing more. */
  destroy(): Promise<void> {
    this.#user = undefined;
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once('close', () => {
        resolve();
      });
      this.#socket.destroy();
    });
  }

  #read(count: number, buffer: Uint8Array): boolean {
    if (this.#user === undefined) void this.destroy();
    else if (buffer === this.#scratch) this.#user.received(buffer.subarray(0, count));
    else this.#user.landed(count);
    return !this.#paused;
  }
}

function tlsOptions<T extends { readonly host: string }>(options: T, ca: string | undefined) {
  return {
    ...options,
    // SNI carries names only (RFC 6066 section 3).
    servername: net.isIP(options.host) === 0 ? options.host : '',
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2' as const,
    ...(ca !== undefined && { ca }),
  };
}
