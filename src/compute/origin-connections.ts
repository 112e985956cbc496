/**
 * Measures the throughput of each origin's running jobs in windows, and passes it to a
 * ConnectionLimit, which decides the origin's allowed connections. Its timer runs only while jobs
 * run. Owned by FillPool.
 */
import { FIRST_CONNECTIONS } from '../config/lanes.js';
import type { ErrorCode } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { verdictOfError, verdictOfStatus } from '../origin/verdict.js';
import { ConnectionLimit } from './connection-limit.js';
import type { FillResult, OpenResult } from './protocol.js';

/** A window: long enough for reads of slow connections, short enough to adapt within one model. */
export const WINDOW_MS = 500;

/**
 * After this long without a job an origin's limit starts anew; by then its workers have closed
 * their idle connections.
 */
export const FORGET_AFTER_MS = 60_000;

/**
 * The average share of busy connections from which all count as busy: between two chunks a
 * connection is idle for a moment. Queued jobs are not considered: one reader never has more jobs
 * than connections, because its read-ahead follows their number, and unused connections cost
 * nothing.
 */
const BUSY_SHARE = 0.9;

const MS_PER_SECOND = 1000;

/** The measured part of a job. */
export interface Measured {
  readonly originName: string;
  /** Returns the body bytes received so far; 0 before the job runs, and it never falls. */
  receivedBytes(): number;
}

export interface ConnectionsOptions {
  readonly clock: Clock;
  /** Called for each change. */
  readonly onAllowed: (originName: string, allowed: number, before: number) => void;
}

/** The current window, since the first job began or the last window ended. */
interface OpenWindow {
  readonly sinceMs: number;
  readonly bytesBefore: number;
  /** The busy time of all connections, summed, up to `talliedAtMs`. */
  busyMs: number;
  talliedAtMs: number;
}

interface Use {
  readonly limit: ConnectionLimit;
  readonly running: Set<Measured>;
  most: number;
  endedBytes: number;
  lastEndMs: number;
  /** True when a job that ended in this window met a sign of overload or outage. */
  troubled: boolean;
  /** `null` while no job runs: there is no throughput to measure. */
  window: OpenWindow | null;
}

export class OriginConnections {
  readonly #options: ConnectionsOptions;
  readonly #uses = new Map<string, Use>();
  #cancel: (() => void) | null = null;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Returns the connections that `originName` is allowed now, at most `most`. */
  allowed(originName: string, most: number): number {
    return this.#use(originName)?.limit.allowed(most) ?? Math.min(FIRST_CONNECTIONS, most);
  }

  /** Records that a job got a lane. `most`: the configured limit of its origin's connections. */
  began(job: Measured, most: number): void {
    const use = this.#use(job.originName) ?? this.#newUse(job.originName);
    use.window ??= this.#opened(use);
    this.#tally(use, use.window);
    use.most = most;
    use.running.add(job);
    this.#cancel ??= this.#options.clock.after(WINDOW_MS, this.#look);
  }

  /** Records that a job ended; `result` is `undefined` when no worker returned one. */
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

  /** Returns the state of the origin unless it is older than `FORGET_AFTER_MS`. */
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
    const isMeasuring = [...this.#uses.values()].some(({ window }) => window !== null);
    this.#cancel = isMeasuring ? this.#options.clock.after(WINDOW_MS, this.#look) : null;
  };

  #endWindow(originName: string, use: Use, window: OpenWindow): void {
    const nowMs = this.#options.clock.monotonic();
    const ms = nowMs - window.sinceMs;
    // The window began between two ticks of the timer, and is still too short.
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

/** True when any attempt met an overloaded or unreachable origin, or a broken connection. */
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
