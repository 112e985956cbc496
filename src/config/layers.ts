/**
 * Settings from environment variables and flags, each with its source. load.ts applies them over
 * the values of the file. Pure.
 */
import { catalog, type CatalogEntry, CONFIG_ENV } from './catalog.js';
import { nearest } from './nearest.js';
import type { Problem, Source } from './problem.js';
import { FOUND_RETIRED, insteadOf } from './retired.js';

/** One value that overrides the file's. */
export interface Override {
  readonly entry: CatalogEntry;
  readonly value: unknown;
  readonly source: Source;
}

const PREFIX = 'FOREBAY_';

/**
 * Variables that Kubernetes puts into every container when a Service is named `forebay` or
 * `forebay-admin`. They are ignored, and not reported as unknown settings.
 */
const SERVICE_VARIABLE = /_SERVICE_HOST$|_SERVICE_PORT(?:_|$)|_PORT$|_PORT_\d+_(?:TCP|UDP|SCTP)/;

/** Reads the variables `FOREBAY_*`. An empty variable counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly overrides: readonly Override[];
  readonly problems: readonly Problem[];
} {
  const entries = new Map(catalog.map((entry) => [entry.env, entry]));
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || name === CONFIG_ENV || text === undefined || text === '')
      continue;
    const source: Source = { kind: 'env', name };
    const entry = entries.get(name);
    const instead = insteadOf(name);
    if (entry !== undefined) {
      overrides.push({ entry, value: coerce(text, entry), source });
    } else if (instead !== undefined) {
      const found = FOUND_RETIRED;
      problems.push({ source, key: '', found, expected: instead, nearest: null });
    } else if (!SERVICE_VARIABLE.test(name)) {
      const names = catalog.flatMap(({ env: known }) => known ?? []);
      const expected = 'a variable that docs/CONFIG.md names';
      const found = 'an unknown variable';
      problems.push({ source, key: '', found, expected, nearest: nearest(name, names) });
    }
  }
  return { overrides, problems };
}

/** Reads flags: texts by flag, dashes included. Ignores flags that are no settings. */
export function readFlags(flags: Readonly<Record<string, string>>): readonly Override[] {
  return catalog.flatMap((entry): Override[] => {
    const { flag } = entry;
    const text = flag === null ? undefined : flags[flag];
    if (flag === null || text === undefined) return [];
    return [{ entry, value: coerce(text, entry), source: { kind: 'flag', flag } }];
  });
}

/**
 * Converts text to the value that YAML would give. Other text stays as it is; the schema rejects
 * it.
 */
function coerce(text: string, entry: CatalogEntry): unknown {
  switch (entry.coercion) {
    case 'number':
      return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'text':
      return text;
  }
}
