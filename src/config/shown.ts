/**
 * The configuration as one would write it in a file, with the source of each value, for
 * `config show` and `validate --json`. Secrets are redacted. Pure.
 */
import { catalog, type CatalogEntry } from './catalog.js';
import type { LoadedConfig } from './load.js';
import type { Source } from './problem.js';
import { secretFile } from './secrets.js';

/** One value of the configuration. */
export interface ShownSetting {
  /** `['cache', 'capacity']`, `['origins', 0, 'url']`. */
  readonly path: readonly (string | number)[];
  /** The value as written in YAML: `10GiB`, `30s`. */
  readonly value: unknown;
  readonly source: Source;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Returns every setting that has a value, in the order of the schema. */
export function shownSettings(loaded: LoadedConfig): readonly ShownSetting[] {
  const values = loaded.values as Mapping;
  const sections = [...new Set(catalog.map(({ section }) => section))];
  return sections.flatMap((section) => {
    const entries = catalog.filter((entry) => entry.section === section);
    if (section === 'origins[]') {
      return loaded.values.origins.flatMap((origin, index) =>
        shown(entries, origin as Mapping, ['origins', index], loaded),
      );
    }
    // The settings of a list within a list are part of that list's value.
    if (section.includes('[]')) return [];
    return shown(entries, values[section] as Mapping, [section], loaded);
  });
}

function shown(
  entries: readonly CatalogEntry[],
  values: Mapping,
  parent: readonly (string | number)[],
  loaded: LoadedConfig,
): readonly ShownSetting[] {
  return entries.flatMap(({ name, write }) => {
    const path = [...parent, name];
    const value = write(values[name]);
    if (value === undefined) return [];
    const open = name === 'headers' ? withSecretFiles(value as Mapping, path, loaded) : value;
    return [{ path, value: open, source: loaded.sourceOf(path) }];
  });
}

/**
 * Replaces a redacted header value by `{file: PATH}` if it came from a file: the path is no secret.
 */
function withSecretFiles(
  hidden: Mapping,
  path: readonly (string | number)[],
  { given }: LoadedConfig,
): Mapping {
  const written = path.reduce<unknown>(
    (value, part) => (value as Mapping | undefined)?.[part],
    given,
  );
  const files = Object.entries((written ?? {}) as Mapping).flatMap(([name, value]) => {
    const file = secretFile(value);
    return file === undefined ? [] : [[name.toLowerCase(), { file }] as const];
  });
  return { ...hidden, ...Object.fromEntries(files) };
}

/** Returns the settings as one nested value, to print as YAML or JSON. */
export function nested(settings: readonly ShownSetting[]): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of settings) {
    let parent: Record<PropertyKey, unknown> = root;
    path.slice(0, -1).forEach((part, depth) => {
      parent[part] ??= typeof path[depth + 1] === 'number' ? [] : {};
      parent = parent[part] as Record<PropertyKey, unknown>;
    });
    parent[path.at(-1) ?? ''] = value;
  }
  return root;
}
