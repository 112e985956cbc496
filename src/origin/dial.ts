/**
 * Opens one TCP connection to a host that may have several addresses, some of which do not work:
 * RFC 8305 (Happy Eyeballs). Attempts start one after another and run until one succeeds or the
 * whole dial ends, because a distant address answers late. Used by origin/connect.
 */
import type { LookupAddress } from 'node:dns';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { ForebayError, ownShortage } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import { cancelledError, codeOf } from './transport-error.js';

/** The delay before an attempt at the next address starts too (RFC 8305 section 5). */
export const ATTEMPT_DELAY_MS = 250;

/** The most addresses of a name to try; the connect timeout rarely leaves time for more. */
export const MAX_ADDRESSES = 16;

export interface DialOptions {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly lookup: net.LookupFunction;
  readonly clock: Clock;
  /** Aborting ends every attempt. */
  readonly signal: AbortSignal;
  /** Memory for bytes of the connection: the option of `net.connect`. */
  readonly onread?: net.OnReadOpts | undefined;
  /** Called once, when the lookup of a name has succeeded. */
  readonly onLookup?: (() => void) | undefined;
  /** Makes the socket of an attempt; replaced in tests. */
  readonly connect?: (options: net.TcpNetConnectOpts) => net.Socket;
}

interface Failure {
  readonly address: string;
  readonly error: unknown;
}

/** The error when every address failed. `errors` are in the order in which attempts failed. */
export class DialError extends AggregateError {
  constructor(failures: readonly Failure[]) {
    const reasons = failures.map(({ address, error }) => `${address} ${codeOf(error)}`);
    super(
      failures.map(({ error }) => error),
      reasons.join(', '),
    );
    this.name = 'DialError';
  }
}

/**
 * Resolves with a connected socket. Rejects with the resolver's error, `overload`, `origin-dns` for
 * a name without addresses, `cancelled`, or a `DialError`.
 */
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
      if (error !== null) reject(hiddenShortage() ?? error);
      else
        resolved(typeof found === 'string' ? [{ address: found, family: net.isIP(found) }] : found);
    });
  });
}

/**
 * Returns the shortage that may have made a lookup fail; `null` where there is none. The C library
 * opens files for a lookup but does not report that it could not, so this opens one.
 */
function hiddenShortage(): ForebayError | null {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return null;
  } catch (error) {
    return ownShortage(error);
  }
}

/** Alternates the address families, the resolver's preferred one first (RFC 8305 section 4). */
function inTurns(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = addresses[0]?.family;
  const first = addresses.filter(({ family }) => family === preferred);
  const second = addresses.filter(({ family }) => family !== preferred);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, index) => [first[index], second[index]])
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

  /** Starts the next attempt. Ends the race when no address is left and no attempt is running. */
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
      // After a failure the next attempt starts at once (RFC 8305 section 5).
      this.#next();
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      this.#end(socket)?.resolve(socket);
    });
  }

  /**
   * Ends the race and destroys every attempt but the winner. Returns the functions that settle the
   * promise the first time, `undefined` after that.
   */
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
  // The race has recorded its result; an 'error' event without a listener would throw.
}
