/** What a run is asked for: the command line of bench.ts. */
import { parseArgs } from 'node:util';
import { parseSize } from '#src/config/units.js';
import { globMatcher } from './glob.js';

const MIB = 1024 * 1024;

/** Below this a range of 8 MiB does not fit. */
const MIN_OBJECT_BYTES = 8 * MIB;

export interface Settings {
  readonly rounds: number;
  /** Of one trial, where it is not a count of requests that ends it. */
  readonly seconds: number;
  readonly objectBytes: number;
  readonly quick: boolean;
  readonly inScope: (scenario: string) => boolean;
  /** Names; `null`: all. */
  readonly peers: readonly string[] | null;
  readonly jsonFile: string | null;
  /** What earlier runs wrote as JSON, to be made one page of; empty: there is to be a run. */
  readonly from: readonly string[];
  readonly resultsDirectory: string;
}

export const USAGE = `usage: npm run bench -- [options]
  --scope GLOBS     scenarios by name, such as 'hit-*,cold-whole-1'; all by default
  --peers LIST      such as forebay,nginx-static; all that are installed by default
  --rounds N        5 by default
  --seconds N       of one trial, 2 by default
  --size SIZE       of an object, 1GiB by default
  --quick           small sizes, one round, short trials: tries the harness out
  --json FILE       everything measured
  --from FILES      runs nothing: makes the table and the chart of what --json wrote, in several parts
  --results DIR     for the table and the chart; by default bench/results,
                    or build/bench/results if the run is quick or has a scope
`;

/** Returns what is wrong instead where something is. */
export function readSettings(args: readonly string[]): Settings | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        scope: { type: 'string' },
        peers: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        size: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        from: { type: 'string' },
        results: { type: 'string' },
      },
    });
    const { quick, scope } = values;
    const rounds = Number(values.rounds ?? (quick ? 1 : 5));
    const seconds = Number(values.seconds ?? (quick ? 0.3 : 2));
    const objectBytes = parseSize(values.size ?? (quick ? '32MiB' : '1GiB')) ?? 0;
    if (!Number.isInteger(rounds) || rounds < 1) return '--rounds is a whole number above 0';
    if (!(seconds > 0)) return '--seconds is a number above 0';
    if (objectBytes < MIN_OBJECT_BYTES) return '--size is at least 8MiB';
    const whole = !quick && scope === undefined && values.peers === undefined;
    return {
      rounds,
      seconds,
      objectBytes,
      quick,
      inScope: globMatcher(scope ?? '*'),
      peers: values.peers?.split(',') ?? null,
      jsonFile: values.json ?? null,
      from: values.from?.split(',') ?? [],
      resultsDirectory: values.results ?? (whole ? 'bench/results' : 'build/bench/results'),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
