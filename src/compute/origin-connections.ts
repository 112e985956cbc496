/**
 * The connections that each origin is allowed now: measures, window by window, what its running
 * jobs receive, and lets a ConnectionLimit decide. Looks only while something runs. Owned by
 * FillPool.
 */
import { FIRST_CONNECTIONS } from '../config/lanes.js';
import type { ErrorCode } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { verdictOfError, verdictOfStatus } from '../origin/verdict.js';
import { ConnectionLimit } from './connection-limit.js';
import type { FillResult, OpenResult } from './protocol.js';

/** Long enough for a few chunks of a slow connection, short enough to adapt within one model. */
export const WINDOW_MS = 500;

/**
 * After so long without a job the measurements of an origin start again; its workers have closed
 * their idle connections by then.
 */
export const FORGET_AFTER_MS = 60_000;

/**
 * Average share of busy connections at which all count as busy: a connection is idle for a moment
 * between two chunks. Waiting jobs do not count: one reader has no more jobs than connections,
 * since its read-ahead follows these.
 */
const BUSY_SHARE = 0.9;

const MS_PER_SECOND = 1000;

/** The measured values of a running job. */
export interface Measured {
  readonly originName: string;
  /** Body bytes that came for it so far; 0 before it runs, and it never falls. */
  receivedBytes(): number;
}

export interface ConnectionsOptions {
  readonly clock: Clock;
  /** Hears of each change. */
  readonly onAllowed: (originName: string, allowed: number, before: number) => void;
}

/** The current window: since the first job began or the last window ended. */
interface OpenWindow {
  readonly sinceMs: number;
  readonly bytesBefore: number;
  /** Time of all connections together that they were busy, up to `talliedAtMs`. */
  busyMs: number;
  talliedAtMs: number;
}

interface Use {
  readonly limit: ConnectionLimit;
  readonly running: Set<Measured>;
  most: number;
  endedBytes: number;
  lastEndMs: number;
  /** A job that has ended since the last window met trouble. */
  troubled: boolean;
  /** `null` while nothing is fetched. */
  window: OpenWindow | null;
}

export class OriginConnections {
  readonly #options: ConnectionsOptions;
  readonly #uses = new Map<string, Use>();
  #cancel: (() => void) | null = null;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Connections that `originName` may have now, `most` at most. */
  allowed(originName: string, most: number): number {
    return this.#use(originName)?.limit.allowed(most) ?? Math.min(FIRST_CONNECTIONS, most);
  }

  /** A job got its connection. `most`: as many as its origin may ever have. */
  began(job: Measured, most: number): void {
    const use = this.#use(job.originName) ?? this.#newUse(job.originName);
    use.window ??= this.#opened(use);
    this.#tally(use, use.window);
    use.most = most;
    use.running.add(job);
    this.#cancel ??= this.#options.clock.after(WINDOW_MS, this.#look);
  }

  /** The job ended; `result` is `undefined` if its worker failed. */
  ended(job: Measured, result: FillResult | OpenResult | undefined): void {
    const use = this.#uses.get(job.originName);
    if (use?.running.has(job) !== true) return;
    if (use.window !== null) this.#tally(use, use.window);
    use.running.delete(job);
    use.endedBytes += job.receivedBytes();
    use.lastEndMs = this.#options.clock.monotonic();
    use.troubled ||= result !== undefined && metTrouble(result);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** The measurements of the origin, unless they are too old. */
  #use(originName: string): Use | undefined {
    const use = this.#uses.get(originName);
    if (use === undefined || use.running.size > 0) return use;
    const idleMs = this.#options.clock.monotonic() - use.lastEndMs;
    return idleMs < FORGET_AFTER_MS ? use : undefined;
  }

  #newUse(originName: string): Use {
    const use: Use = {
      limit: new ConnectionLimit(),
      running: new Set(),
      most: FIRST_CONNECTIONS,
      endedBytes: 0,
      lastEndMs: 0,
      troubled: false,
      window: null,
    };
    this.#uses.set(originName, use);
    return use;
  }

  #opened(use: Use): OpenWindow {
    const nowMs = this.#options.clock.monotonic();
    const bytesBefore = receivedBytes(use);
    return { sinceMs: nowMs, bytesBefore, busyMs: 0, talliedAtMs: nowMs };
  }

  #tally(use: Use, window: OpenWindow): void {
    const nowMs = this.#options.clock.monotonic();
    window.busyMs += use.running.size * (nowMs - window.talliedAtMs);
    window.talliedAtMs = nowMs;
  }

  readonly #look = (): void => {
    for (const [originName, use] of this.#uses) {
      if (use.window !== null) this.#endWindow(originName, use, use.window);
    }
    const goesOn = [...this.#uses.values()].some(({ window }) => window !== null);
    this.#cancel = goesOn ? this.#options.clock.after(WINDOW_MS, this.#look) : null;
  };

  #endWindow(originName: string, use: Use, window: OpenWindow): void {
    const nowMs = this.#options.clock.monotonic();
    const ms = nowMs - window.sinceMs;
    // It began between two measurements: too short to judge.
    if (ms < WINDOW_MS) return;
    this.#tally(use, window);
    const { limit, most, troubled } = use;
    const before = limit.allowed(most);
    limit.observe({
      nowMs,
      bytesPerSecond: ((receivedBytes(use) - window.bytesBefore) * MS_PER_SECOND) / ms,
      allBusy: window.busyMs >= BUSY_SHARE * before * ms,
      troubled,
      most,
    });
    use.troubled = false;
    use.window = use.running.size > 0 ? this.#opened(use) : null;
    const allowed = limit.allowed(most);
    if (allowed !== before) this.#options.onAllowed(originName, allowed, before);
  }
}

function receivedBytes({ running, endedBytes }: Use): number {
  let bytes = endedBytes;
  for (const job of running) bytes += job.receivedBytes();
  return bytes;
}

/** Whether the origin refused for load, broke off or could not be reached, in any attempt. */
function metTrouble(result: FillResult | OpenResult): boolean {
  const { statuses, retries } = result.stats;
  const codes = result.kind === 'failed' ? [...retries, result.error.code] : retries;
  return (
    statuses.some((status) => isBad(verdictOfStatus(status, 'success'))) ||
    codes.some((code) => isBad(verdictOfError({ code: code as ErrorCode })))
  );
}

function isBad(verdict: BreakerVerdict): boolean {
  return verdict === 'failure' || verdict === 'unreachable';
}
