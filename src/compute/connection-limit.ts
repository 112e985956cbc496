/**
 * Decides how many connections one origin is allowed. Starts with `FIRST_CONNECTIONS`, doubles the
 * number while all are busy, and keeps it if the throughput rises. Pure: takes measured windows and
 * returns a number. compute/origin-connections measures, and owns one of these for each origin.
 */
import { FIRST_CONNECTIONS } from '../config/lanes.js';

/** The measurements of an origin during one window. */
export interface Window {
  /** The end of the window, on the monotonic clock. */
  readonly nowMs: number;
  readonly bytesPerSecond: number;
  /** True when all allowed connections were busy. */
  readonly allBusy: boolean;
  /** True when a fetch met a sign of overload or outage. */
  readonly troubled: boolean;
  /** The most connections that may ever be allowed. */
  readonly most: number;
}

/**
 * Consecutive busy windows before more connections are tried. If the machine is the bottleneck, an
 * attempt only costs memory for new connections, so that fetches of a second or two make none.
 */
const STEADY_WINDOWS = 4;

/** Windows of an attempt. Each must beat all the steady windows, since one may do so by chance. */
const TRIED_WINDOWS = 2;

/** The least ratio of the slowest window of an attempt to the fastest before: less is noise. */
const LEAST_GAIN = 1.1;

/** First wait after a failed attempt: each attempt costs handshakes. */
export const FIRST_WAIT_MS = 10_000;

/** The longest wait; it doubles up to this. More bandwidth is found within five minutes. */
export const MAX_WAIT_MS = 300_000;

type State =
  /** The number is steady. `rates`: those of the latest consecutive busy windows. */
  | { readonly kind: 'steady'; readonly rates: readonly number[]; readonly notBeforeMs: number }
  /**
   * More connections than `from` are tried. `settled`: the first window, in which new connections
   * gain speed, is over.
   */
  | {
      readonly kind: 'trying';
      readonly from: number;
      readonly toBeat: number;
      readonly settled: boolean;
      readonly rates: readonly number[];
    };

const FRESH: State = { kind: 'steady', rates: [], notBeforeMs: -Infinity };

export class ConnectionLimit {
  #allowed = FIRST_CONNECTIONS;
  #state: State = FRESH;
  #waitMs = FIRST_WAIT_MS;

  /** Returns the connections allowed now: at most `most`, else at least `FIRST_CONNECTIONS`. */
  allowed(most: number): number {
    return Math.min(this.#allowed, most);
  }

  /** Evaluates one window, during which the allowed number did not change. */
  observe(window: Window): void {
    if (window.troubled) this.#fall(window);
    else if (this.#state.kind === 'steady') this.#watch(this.#state, window);
    else this.#try(this.#state, window);
  }

  #watch({ rates: before, notBeforeMs }: State & { kind: 'steady' }, window: Window): void {
    const { nowMs, bytesPerSecond, allBusy, most } = window;
    // An origin that sends nothing gets no more connections.
    const isBusy = allBusy && bytesPerSecond > 0;
    const rates = isBusy ? [...before, bytesPerSecond].slice(-STEADY_WINDOWS) : [];
    if (rates.length < STEADY_WINDOWS || nowMs < notBeforeMs || this.allowed(most) >= most) {
      this.#state = { kind: 'steady', rates, notBeforeMs };
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
    // `allBusy` does not matter here: unused connections do not raise the throughput.
    if (bytesPerSecond < state.toBeat) this.#giveUp(state.from, nowMs);
    else if (rates.length < TRIED_WINDOWS) this.#state = { ...state, rates };
    // This step helped, so that the next one follows at once.
    else if (allBusy && this.allowed(most) < most) this.#step(rates, most);
    else this.#state = { kind: 'steady', rates: [], notBeforeMs: nowMs };
  }

  /** Too many connections may cause trouble: ends an attempt, or halves the number. */
  #fall({ nowMs, most }: Window): void {
    const half = Math.floor(this.allowed(most) / 2);
    this.#giveUp(this.#state.kind === 'trying' ? this.#state.from : half, nowMs);
  }

  /**
   * Falls back to `number` and doubles the wait for the next attempt. Success does not shorten the
   * wait, so that an origin that takes more only for a while is tried rarely.
   */
  #giveUp(number: number, nowMs: number): void {
    this.#allowed = Math.max(FIRST_CONNECTIONS, number);
    this.#state = { kind: 'steady', rates: [], notBeforeMs: nowMs + this.#waitMs };
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_WAIT_MS);
  }
}
