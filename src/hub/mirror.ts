/**
 * Builds the mirror of hubs: an entrance for GET and HEAD, one for other methods, and the state
 * that they share. Used by assemble.
 */
import type { CacheFacade } from '../cache/api/facade.js';
import type { PassFacade } from '../cache/passthrough/pass.js';
import { Holds } from './holds.js';
import { JsonAnswers } from './json-answers.js';
import { HubLookup, type LookupDeps } from './lookup.js';
import { HubPassing, type HubPassingDeps } from './passed.js';
import { Refusals } from './refusals.js';
import { ScanPool } from './scan-pool.js';
import { XetRepositories } from './xet.js';

/** The dependencies that assemble provides. */
export type MirrorDeps = Omit<LookupDeps & HubPassingDeps, 'refusals' | 'holds' | 'xet' | 'json'>;

export interface Mirror {
  readonly cache: CacheFacade;
  readonly passing: PassFacade;
  /** Ends the scan thread. Resolves within a bounded time. */
  close(): Promise<void>;
}

export function createMirror(deps: MirrorDeps): Mirror {
  const scans = new ScanPool();
  const shared = {
    ...deps,
    refusals: new Refusals(deps.services),
    holds: new Holds(deps.services.clock),
    xet: new XetRepositories(),
    json: new JsonAnswers(scans),
  };
  return {
    cache: new HubLookup(shared),
    passing: new HubPassing(shared),
    close: () => scans.close(),
  };
}
