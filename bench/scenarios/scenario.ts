/** What a scenario is: data. scenarios/list has them, scenarios/trial runs each kind. */
import type { Load } from '../harness/load.js';
import type { Metric } from '../report/metrics.js';

interface Common {
  /** What `--scope` selects, and the key in results. */
  readonly name: string;
  readonly title: string;
  /** Rounds of a group's scenarios interleave: put together what is compared. */
  readonly group: string;
  readonly shows: readonly Metric[];
}

/** Objects that are stored already are read. */
export interface ReadScenario extends Common {
  readonly kind: 'read';
  readonly load: Load;
  /**
   * cold: every page of the store is dropped from the page cache first, and each range read once.
   */
  readonly pages: 'warm' | 'cold';
  /** For page cache and process together; all of the machine's when it is left out. */
  readonly memoryLimitBytes?: number;
}

/** An empty cache is asked for a whole object by all clients at the same moment. */
export interface FillScenario extends Common {
  readonly kind: 'fill';
  readonly clients: number;
  /** What the origin gives each connection; it has no limit where this is left out. */
  readonly originConnectionBytesPerSecond?: number;
  /** Whether those that are no cache take part: curl, and the origin itself. */
  readonly direct: boolean;
}

/** An empty cache in front of a slow origin is asked for ranges anywhere, one after the other. */
export interface LateRangeScenario extends Common {
  readonly kind: 'late-range';
  readonly originBytesPerSecond: number;
  readonly rangeBytes: number;
  readonly samples: number;
  /** Between samples, so that none waits for what the one before it set off. */
  readonly pauseSeconds: number;
}

/** A cache that holds an object is stopped, started, and asked for it. */
export interface RestartScenario extends Common {
  readonly kind: 'restart';
}

/** Hits of one object while another is fetched for one client. */
export interface MixedScenario extends Common {
  readonly kind: 'mixed';
  readonly hits: Load;
}

/** No peers: a program of the bench that measures several things by itself. */
export interface SoloScenario extends Common {
  readonly kind: 'solo';
  readonly program: 'limits' | 'blake3' | 'plan' | 'index' | 'startup';
}

export type PeerScenario =
  ReadScenario | FillScenario | LateRangeScenario | RestartScenario | MixedScenario;

export type Scenario = PeerScenario | SoloScenario;
