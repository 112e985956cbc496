/**
 * Formats pulls for the admin API, with rates measured between two calls and the time remaining.
 * Used by admin/routes/pulls.
 */
import type { PullItemSnapshot } from '../cache/operator/pull-item.js';
import type { PullSnapshot } from '../cache/operator/pulls.js';
import type { Clock } from '../model/time.js';
import { Rates } from './rates.js';
import type { Pull, PullItemBody } from './shapes.js';
import { pendingFetchOf, pendingFetchesOf, type TransfersView } from './transfers.js';

/** Pulls whose rates are measured at once: all that can run, and some that ended. */
const MAX_MEASURED = 32;

export class PullsView {
  readonly #clock: Clock;
  readonly #transfers: TransfersView;
  /** By pull, because `endLook` for one pull would drop the measurements of another. */
  readonly #rates = new Map<string, Rates>();

  constructor(clock: Clock, transfers: TransfersView) {
    this.#clock = clock;
    this.#transfers = transfers;
  }

  look({ id, model, state, items }: PullSnapshot): Pull {
    const rates = this.#ratesOf(id);
    const pendingFetches = pendingFetchesOf(this.#transfers.fills());
    const nowMs = this.#clock.monotonic();
    const body = items.map((item, index) => {
      const shown = {
        ...item,
        state: item.answered ? item.state : pendingFetchOf(item, pendingFetches),
      };
      const over = item.state.kind === 'done' || item.state.kind === 'failed';
      const moves = !over && item.startedAtMs !== null;
      const rate = moves ? rates.measure(String(index), item.receivedBytes, nowMs) : null;
      return bodyOf(shown, rate);
    });
    rates.endLook();
    return { id, model, state, items: body };
  }

  #ratesOf(id: string): Rates {
    const rates = this.#rates.get(id) ?? new Rates();
    this.#rates.delete(id);
    this.#rates.set(id, rates);
    const [oldest] = this.#rates.keys();
    if (this.#rates.size > MAX_MEASURED && oldest !== undefined) this.#rates.delete(oldest);
    return rates;
  }
}

function bodyOf(
  item: Omit<PullItemSnapshot, 'state'> & Pick<PullItemBody, 'state'>,
  rateBytesPerSecond: number | null,
): PullItemBody {
  const { url, origin, target, state, lengthBytes, heldBytes, receivedBytes, error } = item;
  const left = lengthBytes === null ? null : Math.max(0, lengthBytes - heldBytes - receivedBytes);
  const known = left !== null && rateBytesPerSecond !== null && rateBytesPerSecond > 0;
  return {
    url,
    origin,
    target,
    state,
    lengthBytes,
    heldBytes,
    receivedBytes,
    verifiedBytes: item.verifiedBytes,
    committedBytes: item.committedBytes,
    rateBytesPerSecond,
    etaMs: known ? Math.round((left * 1000) / rateBytesPerSecond) : null,
    error: error === null ? null : { code: error.code, message: error.message },
  };
}
