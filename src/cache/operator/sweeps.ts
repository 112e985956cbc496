/**
 * The verifications that operators started: one runs at a time, and the last ended ones are kept
 * for queries. Called by the admin API.
 */
import { randomBytes } from 'node:crypto';
import type { ObjectSelection, TargetMatcher } from './selection.js';
import type { CacheServices } from '../api/services.js';
import { Sweep, type SweepSnapshot } from './sweep.js';

/** Most ended verifications kept for queries. */
const MAX_ENDED = 16;

const ID_BYTES = 8;

export class Sweeps {
  readonly #services: CacheServices;
  readonly #targets: TargetMatcher;
  /** Oldest first; only the last one may run. */
  readonly #sweeps = new Map<string, Sweep>();

  constructor(services: CacheServices, targets: TargetMatcher) {
    this.#services = services;
    this.#targets = targets;
  }

  /** Starts a verification; `undefined` while another one runs. */
  start(selection: ObjectSelection): SweepSnapshot | undefined {
    const last = [...this.#sweeps.values()].at(-1);
    if (last?.state === 'running') return undefined;
    const id = randomBytes(ID_BYTES).toString('hex');
    const sweep = new Sweep(id, this.#services, this.#targets, selection);
    this.#sweeps.set(id, sweep);
    for (const old of [...this.#sweeps.keys()].slice(0, -MAX_ENDED - 1)) this.#sweeps.delete(old);
    void sweep.run();
    return sweep.snapshot();
  }

  get(id: string): SweepSnapshot | undefined {
    return this.#sweeps.get(id)?.snapshot();
  }

  /** Stops a verification after its current chunk; `undefined` if there is no such one. */
  cancel(id: string): SweepSnapshot | undefined {
    this.#sweeps.get(id)?.cancel();
    return this.get(id);
  }

  close(): void {
    for (const sweep of this.#sweeps.values()) sweep.cancel();
  }
}
