/**
 * Counts requests in plain numbers until metrics are requested: a prom-client counter takes a
 * microsecond to find its labels, five times per request. Owned by telemetry/metrics.
 */
import type { Instruments } from './instruments.js';
import type { RequestRecord } from './request-record.js';

interface Count {
  readonly labels: { readonly method: string; readonly code: string; readonly result: string };
  requests: number;
}

type TallyInstruments = Pick<Instruments, 'requests' | 'clientBytes' | 'inflightRequests'>;

export class RequestTally {
  #inflight = 0;
  #hasFinished = false;
  #originBytes = 0;
  #cacheBytes = 0;
  /** By labels: methods are three, statuses and results are of closed sets. */
  readonly #counts = new Map<string, Count>();

  started(): void {
    this.#inflight += 1;
  }

  finished({ method: asked, status, result, bytesSent, originBytes }: RequestRecord): void {
    this.#inflight -= 1;
    this.#hasFinished = true;
    const method = methodLabel(asked);
    const key = `${method} ${String(status)} ${result}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { labels: { method, code: String(status), result }, requests: 0 };
      this.#counts.set(key, count);
    }
    count.requests += 1;
    // Bytes that the origin sent for a request but its client did not take are no client bytes.
    const fromOrigin = Math.min(bytesSent, originBytes);
    this.#originBytes += fromOrigin;
    this.#cacheBytes += bytesSent - fromOrigin;
  }

  /** Adds the counts since the last call. */
  flush(to: TallyInstruments): void {
    to.inflightRequests.set(this.#inflight);
    if (!this.#hasFinished) return;
    for (const count of this.#counts.values()) {
      if (count.requests > 0) to.requests.inc({ ...count.labels }, count.requests);
      count.requests = 0;
    }
    to.clientBytes.inc({ source: 'origin' }, this.#originBytes);
    to.clientBytes.inc({ source: 'cache' }, this.#cacheBytes);
    this.#originBytes = 0;
    this.#cacheBytes = 0;
  }
}

/** Of a closed set: clients make up methods. */
export function methodLabel(method: string | null): string {
  if (method === null) return 'unknown';
  return method === 'GET' || method === 'HEAD' ? method : 'other';
}
