/**
 * How many connections one origin is allowed: begins with `FIRST_CONNECTIONS`, doubles the number
 * while all of them are busy, and keeps what raised the throughput. Pure: measured windows go in, a
 * number comes out. compute/origin-connections measures the windows and has one of these per
 * origin.
 */
import { FIRST_CONNECTIONS } from '../config/lanes.js';

/** The measurements of an origin during one window. */
export interface Window {
  /** When it ended, on the monotonic clock. */
  readonly nowMs: number;
  readonly bytesPerSecond: number;
  /** All allowed connections were busy. */
  readonly allBusy: boolean;
  /** A fetch met what speaks of load or outage. */
  readonly troubled: boolean;
  /** The most connections that may ever be allowed. */
  readonly most: number;
}

/**
 * Windows in a row in which all were busy, before more are tried. Where the machine is what limits,
 * trying costs memory for new connections: what takes but a second or two is left alone.
 */
const STEADY_WINDOWS = 4;

/** Windows of an attempt, each of which must beat all windows before it: one may be luck. */
const TRIED_WINDOWS = 2;

/** What the slowest window with more connections must be of the fastest before: less is noise. */
const LEAST_GAIN = 1.1;

/** First wait after more connections were of no use, or did harm: an attempt costs handshakes. */
export const FIRST_WAIT_MS = 10_000;

/** The wait doubles up to this: a line that got wider is found within five minutes. */
export const MAX_WAIT_MS = 300_000;

type State =
  /**
   * The number is settled. `rates`: the latest windows in a row in which all connections were busy.
   */
  | { readonly kind: 'settled'; readonly rates: readonly number[]; readonly notBeforeMs: number }
  /**
   * More than `from` are tried; new connections have the first window (`settled`) to get up to
   * speed.
   */
  | {
      readonly kind: 'trying';
      readonly from: number;
      readonly toBeat: number;
      readonly settled: boolean;
      readonly rates: readonly number[];
    };

const FRESH: State = { kind: 'settled', rates: [], notBeforeMs: -Infinity };

export class ConnectionLimit {
  #allowed = FIRST_CONNECTIONS;
  #state: State = FRESH;
  #waitMs = FIRST_WAIT_MS;

  /**
   * Connections allowed now, `most` at most: from the smaller of `FIRST_CONNECTIONS` and `most` up.
   */
  allowed(most: number): number {
    return Math.min(this.#allowed, most);
  }

  /** Takes one window in; each is of the number that was allowed when it began. */
  observe(window: Window): void {
    if (window.troubled) this.#fall(window);
    else if (this.#state.kind === 'settled') this.#settle(this.#state, window);
    else this.#try(this.#state, window);
  }

  #settle({ rates: before, notBeforeMs }: State & { kind: 'settled' }, window: Window): void {
    const { nowMs, bytesPerSecond, allBusy, most } = window;
    // An origin that makes no progress gets no more connections.
    const counts = allBusy && bytesPerSecond > 0;
    const rates = counts ? [...before, bytesPerSecond].slice(-STEADY_WINDOWS) : [];
    if (rates.length < STEADY_WINDOWS || nowMs < notBeforeMs || this.allowed(most) >= most) {
      this.#state = { kind: 'settled', rates, notBeforeMs };
    } else this.#step(rates, most);
  }

  #step(rates: readonly number[], most: number): void {
    const from = this.allowed(most);
    this.#allowed = Math.min(2 * from, most);
    const toBeat = LEAST_GAIN * Math.max(...rates);
    this.#state = { kind: 'trying', from, toBeat, settled: false, rates: [] };
  }

  #try(state: State & { kind: 'trying' }, window: Window): void {
    const { nowMs, bytesPerSecond, allBusy, most } = window;
    if (!state.settled) {
      this.#state = { ...state, settled: true };
      return;
    }
    const rates = [...state.rates, bytesPerSecond];
    // Idle connections do not matter here: they raise no throughput.
    if (bytesPerSecond < state.toBeat) this.#giveUp(state.from, nowMs);
    else if (rates.length < TRIED_WINDOWS) this.#state = { ...state, rates };
    // One step has helped: the next one follows at once.
    else if (allBusy && this.allowed(most) < most) this.#step(rates, most);
    else this.#state = { kind: 'settled', rates: [], notBeforeMs: nowMs };
  }

  /**
   * Trouble may come from too many connections: half of them end, or those that were only tried.
   */
  #fall({ nowMs, most }: Window): void {
    const half = Math.floor(this.allowed(most) / 2);
    this.#giveUp(this.#state.kind === 'trying' ? this.#state.from : half, nowMs);
  }

  /**
   * Success does not shorten the wait: an origin that is faster only for a while is tried rarely.
   */
  #giveUp(number: number, nowMs: number): void {
    this.#allowed = Math.max(FIRST_CONNECTIONS, number);
    this.#state = { kind: 'settled', rates: [], notBeforeMs: nowMs + this.#waitMs };
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_WAIT_MS);
  }
}
