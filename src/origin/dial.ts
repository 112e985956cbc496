/**
 * Opens one TCP connection to a host with several addresses, some of which may not work: RFC 8305
 * (Happy Eyeballs). Attempts are staggered, and none is cut before the whole ends, since a distant
 * address answers late. Used by origin/connect only, so by every client.
 */
import type { LookupAddress } from 'node:dns';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { ForebayError, ownShortage } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import { cancelledError, codeOf } from './transport-error.js';

/** Until the next address is tried too (RFC 8305 section 5). */
export const ATTEMPT_DELAY_MS = 250;

/** Addresses of a name that are tried. More never are within the bounds of a connection. */
export const MAX_ADDRESSES = 16;

/** The target, and how its bytes are read. */
export interface DialOptions {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly lookup: net.LookupFunction;
  readonly clock: Clock;
  /** Aborting ends every attempt. */
  readonly signal: AbortSignal;
  /** Where bytes of the connection land, as of `net.connect`. */
  readonly onread?: net.OnReadOpts | undefined;
  /** Called once, when the addresses of a name are known. */
  readonly onLookup?: (() => void) | undefined;
  /** Makes the socket of an attempt; replaced in tests. */
  readonly connect?: (options: net.TcpNetConnectOpts) => net.Socket;
}

/** An address that did not work, and why. */
interface Failure {
  readonly address: string;
  readonly error: unknown;
}

/** Every address of a name failed. `errors` are in the order of the attempts. */
export class DialError extends AggregateError {
  constructor(failures: readonly Failure[]) {
    const causes = failures.map(({ address, error }) => `${address} ${codeOf(error)}`);
    super(
      failures.map(({ error }) => error),
      causes.join(', '),
    );
    this.name = 'DialError';
  }
}

/** Resolves with a connected socket; rejects with the resolver's error, or with a `DialError`. */
export async function dial(options: DialOptions): Promise<net.Socket> {
  const addresses = await resolve(options);
  if (net.isIP(options.host) === 0) options.onLookup?.();
  return new Race(options, inTurns(addresses).slice(0, MAX_ADDRESSES)).run();
}

function resolve({ host, lookup, signal }: DialOptions): Promise<readonly LookupAddress[]> {
  if (signal.aborted) return Promise.reject(cancelledError());
  const family = net.isIP(host);
  if (family !== 0) return Promise.resolve([{ address: host, family }]);
  return new Promise((resolved, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(cancelledError());
      },
      { once: true },
    );
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) reject(wantBehind() ?? error);
      else
        resolved(typeof found === 'string' ? [{ address: found, family: net.isIP(found) }] : found);
    });
  });
}

/**
 * Of a lookup that failed: the C library opens files for it, and keeps to itself that it could not.
 */
function wantBehind(): ForebayError | null {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return null;
  } catch (error) {
    return ownShortage(error);
  }
}

/** One family and then the other, beginning with the one that the resolver prefers (section 4). */
function inTurns(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = addresses[0]?.family;
  const first = addresses.filter(({ family }) => family === preferred);
  const second = addresses.filter(({ family }) => family !== preferred);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, at) => [first[at], second[at]])
    .flat()
    .filter((address) => address !== undefined);
}

/** The attempts of one dial. */
class Race {
  readonly #options: DialOptions;
  readonly #waiting: LookupAddress[];
  readonly #running = new Set<net.Socket>();
  readonly #failures: Failure[] = [];
  #cancelNext: () => void = () => undefined;
  #settle: { resolve(socket: net.Socket): void; reject(error: unknown): void } | undefined;

  constructor(options: DialOptions, addresses: readonly LookupAddress[]) {
    this.#options = options;
    this.#waiting = [...addresses];
  }

  run(): Promise<net.Socket> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      signal.addEventListener('abort', this.#onAbort, { once: true });
      if (signal.aborted) this.#onAbort();
      else this.#next();
    });
  }

  readonly #onAbort = (): void => {
    this.#end(undefined)?.reject(cancelledError());
  };

  /** Begins the next attempt, or ends if there is none and none runs. */
  #next(): void {
    this.#cancelNext();
    const address = this.#waiting.shift();
    if (address === undefined) {
      if (this.#running.size === 0) this.#end(undefined)?.reject(this.#failed());
      return;
    }
    this.#attempt(address);
    if (this.#settle !== undefined && this.#waiting.length > 0) {
      this.#cancelNext = this.#options.clock.after(ATTEMPT_DELAY_MS, () => {
        this.#next();
      });
    }
  }

  #attempt({ address, family }: LookupAddress): void {
    const { port, onread, connect = net.connect } = this.#options;
    const socket = connect({
      host: address,
      port,
      family,
      noDelay: true,
      ...(onread !== undefined && { onread }),
    });
    this.#running.add(socket);
    const onError = (error: unknown): void => {
      this.#running.delete(socket);
      socket.on('error', ignore).destroy();
      this.#failures.push({ address: written(address, port), error });
      // After a failure the next attempt begins at once (section 5).
      this.#next();
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      this.#end(socket)?.resolve(socket);
    });
  }

  /** Destroys all attempts but the winner; returns the callback to call, once. */
  #end(winner: net.Socket | undefined) {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#cancelNext();
    this.#waiting.length = 0;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    for (const socket of this.#running) if (socket !== winner) socket.on('error', ignore).destroy();
    this.#running.clear();
    return settle;
  }

  #failed(): unknown {
    const [only] = this.#failures;
    if (only === undefined) return noAddress(this.#options.host);
    return new DialError(this.#failures);
  }
}

function noAddress(host: string): ForebayError {
  const details = { source: 'origin', retryable: true } as const;
  return new ForebayError('origin-dns', `${host} has no address`, details);
}

function written(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

function ignore(): void {
  // Attempts that failed have been reported.
}
