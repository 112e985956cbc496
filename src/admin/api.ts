/** Collects the operations of the admin API. Used by assemble. */
import type { CacheFacade } from '../cache/api/facade.js';
import type { Inventory } from '../cache/operator/inventory.js';
import type { Pulls } from '../cache/operator/pulls.js';
import type { Sweeps } from '../cache/operator/sweeps.js';
import type { PinStore } from '../model/store.js';
import type { Clock } from '../model/time.js';
import type { Endpoint } from './endpoint.js';
import { Feeds } from './feeds.js';
import type { PullOrigin } from './pull-target.js';
import { PullsView } from './pulls-view.js';
import { cacheEndpoints, type CacheViewDeps } from './routes/cache.js';
import { objectEndpoints } from './routes/objects.js';
import { pinEndpoints } from './routes/pins.js';
import { proofEndpoint } from './routes/proof.js';
import { pullEndpoints } from './routes/pulls.js';
import { transferEndpoints } from './routes/transfers.js';
import { verifyEndpoints } from './routes/verify.js';
import type { Token } from './token.js';
import { type TransferDeps, TransfersView } from './transfers.js';

export interface AdminApiDeps {
  readonly transfers: TransferDeps;
  readonly cache: CacheViewDeps;
  readonly token: Token;
  /** Lists the files of a model that is pulled by name, as a client would. */
  readonly facade: CacheFacade;
  readonly inventory: Inventory;
  readonly pins: PinStore;
  readonly pulls: Pulls;
  readonly sweeps: Sweeps;
  /** Returns the origins configured now. */
  readonly origins: () => readonly PullOrigin[];
  readonly clock: Clock;
}

/** Returns every operation under `/api/v1`. */
export function apiEndpoints(deps: AdminApiDeps): Endpoint[] {
  const { facade, inventory, origins, pins, pulls, sweeps, clock } = deps;
  const feeds = new Feeds(clock);
  const transfers = new TransfersView(deps.transfers);
  const view = new PullsView(clock, transfers);
  return [
    ...transferEndpoints(transfers, feeds),
    ...cacheEndpoints(deps.cache),
    proofEndpoint(deps.token, deps.cache.directory),
    ...objectEndpoints(inventory),
    ...pinEndpoints(pins, (name) => origins().some((origin) => origin.name === name)),
    ...pullEndpoints({ pulls, view, feeds, hub: { cache: facade, origins, clock } }),
    ...verifyEndpoints(sweeps),
  ];
}
