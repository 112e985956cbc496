/**
 * Pulls: lists of URLs that are fetched into the cache ahead of client requests. Started by the
 * admin API.
 */
import { randomBytes } from 'node:crypto';
import type { CacheFacade } from '../api/facade.js';
import { PullItem, type PullItemSnapshot, type PullOrder } from './pull-item.js';
import type { CacheServices } from '../api/services.js';

/**
 * Items of all pulls that are read at a time: enough to keep lanes busy, while clients get some.
 */
export const MAX_ITEMS_AT_ONCE = 2;

/** Most URLs of one pull: the largest models have some hundreds of files. */
export const MAX_URLS = 1_000;

/** Most pulls that run or wait. */
export const MAX_PULLS = 16;

/** Most ended pulls kept for queries. */
const MAX_ENDED = 32;

export type PullState = 'running' | 'done' | 'failed' | 'cancelled';

/** The model whose files are pulled. */
export interface PulledModel {
  /** As in the request to the admin API: `org/name`, `datasets/org/name`. */
  readonly id: string;
  readonly revision: string;
  /** Commit of the revision when the pull began. */
  readonly commit: string;
}

export interface PullSnapshot {
  readonly id: string;
  /** `null` when the pull lists URLs instead of a model. */
  readonly model: PulledModel | null;
  readonly state: PullState;
  readonly items: readonly PullItemSnapshot[];
}

interface Pull {
  readonly id: string;
  readonly model: PulledModel | null;
  readonly items: readonly PullItem[];
  readonly abort: AbortController;
  state: PullState;
}

const ID_BYTES = 8;

export class Pulls {
  readonly #services: CacheServices;
  readonly #cache: CacheFacade;
  /** Oldest first. */
  readonly #pulls = new Map<string, Pull>();
  #waiting: { readonly pull: Pull; readonly item: PullItem }[] = [];
  #running = 0;
  #closed = false;

  constructor(services: CacheServices, cache: CacheFacade) {
    this.#services = services;
    this.#cache = cache;
  }

  /** Starts a pull of 1 to `MAX_URLS` orders; `undefined` if `MAX_PULLS` run, or after `close`. */
  start(orders: readonly PullOrder[], model: PulledModel | null = null): PullSnapshot | undefined {
    const running = [...this.#pulls.values()].filter(({ state }) => state === 'running');
    if (this.#closed || running.length >= MAX_PULLS) return undefined;
    const pull: Pull = {
      id: randomBytes(ID_BYTES).toString('hex'),
      model,
      items: orders.map((order) => new PullItem(order, this.#services, this.#cache)),
      abort: new AbortController(),
      state: 'running',
    };
    this.#pulls.set(pull.id, pull);
    this.#forgetOld();
    this.#waiting.push(...pull.items.map((item) => ({ pull, item })));
    this.#dispatch();
    return snapshotOf(pull);
  }

  get(id: string): PullSnapshot | undefined {
    const pull = this.#pulls.get(id);
    return pull === undefined ? undefined : snapshotOf(pull);
  }

  /** Cancels a pull and keeps what it has fetched. `undefined` when there is no such pull. */
  cancel(id: string): PullSnapshot | undefined {
    const pull = this.#pulls.get(id);
    if (pull === undefined) return undefined;
    if (pull.state === 'running') this.#cancel(pull);
    return snapshotOf(pull);
  }

  /** Cancels all. */
  close(): void {
    this.#closed = true;
    for (const pull of this.#pulls.values()) if (pull.state === 'running') this.#cancel(pull);
  }

  #cancel(pull: Pull): void {
    pull.state = 'cancelled';
    pull.abort.abort();
    for (const item of pull.items) item.cancel();
    this.#waiting = this.#waiting.filter((waiting) => waiting.pull !== pull);
  }

  #dispatch(): void {
    while (this.#running < MAX_ITEMS_AT_ONCE) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { pull, item } = next;
      if (pull.state !== 'running') continue;
      this.#running += 1;
      void item.run(pull.abort.signal).finally(() => {
        this.#running -= 1;
        this.#settle(pull);
        this.#dispatch();
      });
    }
  }

  #settle(pull: Pull): void {
    const snapshots = pull.items.map((item) => item.snapshot().state.kind);
    if (pull.state !== 'running') return;
    if (snapshots.some((kind) => kind !== 'done' && kind !== 'failed')) return;
    pull.state = snapshots.includes('failed') ? 'failed' : 'done';
  }

  #forgetOld(): void {
    const ended = [...this.#pulls.values()].filter(({ state }) => state !== 'running');
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#pulls.delete(id);
    }
  }
}

function snapshotOf({ id, model, state, items }: Pull): PullSnapshot {
  return { id, model, state, items: items.map((item) => item.snapshot()) };
}
