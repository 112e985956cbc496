/** The mirror of hubs: its two faces, before the cache and before passing, and what they share. */
import type { CacheFacade } from '../cache/api/answer.js';
import type { PassFacade } from '../cache/passthrough/pass.js';
import { Holds } from './holds.js';
import { JsonAnswers } from './json-answers.js';
import { HubLookup, type LookupRooms } from './lookup.js';
import { HubPassing, type PassedRooms } from './passed.js';
import { Refusals } from './refusals.js';
import { ScanPool } from './scan-pool.js';
import { XetRepositories } from './xet.js';

/** What assemble gives it. */
export type MirrorRooms = Omit<LookupRooms & PassedRooms, 'refusals' | 'holds' | 'xet' | 'json'>;

export interface Mirror {
  readonly cache: CacheFacade;
  readonly passing: PassFacade;
  /** Ends its thread. Resolves within a bound. */
  close(): Promise<void>;
}

export function createMirror(rooms: MirrorRooms): Mirror {
  const scans = new ScanPool();
  const shared = {
    ...rooms,
    refusals: new Refusals(rooms.services),
    holds: new Holds(rooms.services.clock),
    xet: new XetRepositories(),
    json: new JsonAnswers(scans),
  };
  return {
    cache: new HubLookup(shared),
    passing: new HubPassing(shared),
    close: () => scans.close(),
  };
}
