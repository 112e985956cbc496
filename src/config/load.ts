/**
 * Loads the configuration: flags over environment over file over defaults, checked by the schema.
 * cli/ calls it.
 */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { CONFIG_ENV, CONFIG_FLAG } from './catalog.js';
import { describeIssues } from './issues.js';
import { type Override, readEnvironment, readFlags } from './layers.js';
import {
  ConfigError,
  describeFound,
  formatKey,
  inReadingOrder,
  type Problem,
  type Source,
} from './problem.js';
import { hubOrigins } from './origin-schema.js';
import { type Config, configSchema, fileSchema } from './schema.js';
import { reachingOf } from './reaching.js';
import { readSecrets, type ReadText } from './secrets.js';
import { readYaml, type YamlFile } from './yaml-file.js';

/**
 * The maximum size of a configuration file, which people write by hand: a larger one is a mistake.
 */
const MAX_FILE_BYTES = 1024 * 1024;

/** The input of the configuration, passed in so that tests can replace the machine's. */
export interface LoadInput {
  /** Texts by flag, dashes included: `{'--capacity': '10GiB'}`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readText?: ReadText;
  readonly homeDirectory?: () => string;
}

/** A configuration with its sources, for commands that print it. */
export interface LoadedConfig {
  readonly config: Config;
  /** The merged values of all layers, before parsing: secrets are still file names. */
  readonly given: Readonly<Record<string, unknown>>;
  /** `given` as the schema parsed it, with the keys of the file. */
  readonly values: z.output<typeof fileSchema>;
  /** Returns the source of the value at `path`. */
  sourceOf(path: readonly PropertyKey[]): Source;
}

/**
 * Loads and checks the configuration.
 * @throws {ConfigError} with all problems.
 */
export function loadConfig(input: LoadInput): Config {
  return loadWithSources(input).config;
}

/** Does what `loadConfig` does, and also returns the source of each value. */
export function loadWithSources(input: LoadInput): LoadedConfig {
  const { flags, env, readText = readTextFile, homeDirectory = homedir } = input;
  const file = readConfigFile(flags, env, readText);
  const environment = readEnvironment(env);
  const overrides = [...environment.overrides, ...readFlags(flags)];

  const values = asMapping(file.values);
  const flagsAlone = withoutOrigin(overrides);
  for (const override of overrides) if (!flagsAlone.includes(override)) applyOver(values, override);
  const cache = sectionOf(values, 'cache');
  if (cache !== undefined) cache['directory'] ??= defaultCacheDirectory(env, homeDirectory);

  const locate = (path: readonly PropertyKey[]): Source =>
    sourceOf(path, overrides) ?? file.locate(path);
  const given = structuredClone(values);
  mirrorEndpoint(values);
  const secrets = readSecrets(values, readText);
  const reaching = reachingOf(values, env, readText);
  const parsed = configSchema.safeParse(values);
  const problems = [
    ...file.problems,
    ...environment.problems,
    ...flagsAlone.map(lacksOrigin),
    ...[...secrets, ...reaching.problems].map(({ path, ...problem }) => ({
      ...problem,
      source: locate(path),
    })),
    ...reaching.unusable,
    ...(parsed.success ? [] : describeIssues(parsed.error.issues, values, locate)),
  ];
  if (problems.length > 0 || !parsed.success) throw new ConfigError(inReadingOrder(problems));
  const { data } = parsed;
  return {
    config: {
      ...data,
      cache: { ...data.cache, directory: resolve(data.cache.directory) },
      origins: data.origins.map((origin, index) => ({
        ...origin,
        reach: reaching.of(origin, index),
      })),
    },
    given,
    values: fileSchema.parse(values),
    sourceOf: (path) => provenance(path, overrides, file),
  };
}

/**
 * Returns `$XDG_CACHE_HOME/forebay`, else `~/.cache/forebay` (XDG base directory specification).
 */
export function defaultCacheDirectory(
  env: Readonly<Record<string, string | undefined>>,
  homeDirectory: () => string,
): string {
  const base = env['XDG_CACHE_HOME'];
  // The specification requires that a relative path is ignored.
  if (base?.startsWith('/') === true) return join(base, 'forebay');
  return join(homeDirectory(), '.cache', 'forebay');
}

/** Reads the file that a flag or a variable names; returns no values if neither does. */
function readConfigFile(
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText,
): YamlFile {
  const fromFlag = flags[CONFIG_FLAG];
  const path = fromFlag ?? env[CONFIG_ENV] ?? '';
  const noFile: YamlFile = {
    values: {},
    problems: [],
    locate: () => ({ kind: 'default' }),
    find: () => undefined,
  };
  if (path === '' && fromFlag === undefined) return noFile;
  try {
    const file = readYaml(readText(path, MAX_FILE_BYTES), path);
    return topIsMapping(file) ? file : { ...file, problems: [notMapping(file)] };
  } catch (error) {
    const source: Source =
      fromFlag === undefined
        ? { kind: 'env', name: CONFIG_ENV }
        : { kind: 'flag', flag: CONFIG_FLAG };
    const found = `${JSON.stringify(path)} (${error instanceof Error ? error.message : String(error)})`;
    const problem = { source, key: '', found, expected: 'a readable YAML file', nearest: null };
    return { ...noFile, problems: [problem] };
  }
}

function topIsMapping(file: YamlFile): boolean {
  const { values, problems } = file;
  // An empty file is an empty mapping. Invalid YAML already has problems of its own.
  return (
    problems.length > 0 || values === null || (typeof values === 'object' && !Array.isArray(values))
  );
}

function notMapping(file: YamlFile): Problem {
  const found = describeFound(file.values, []);
  const expected = 'a mapping of sections, such as `cache:`';
  return { source: file.locate([]), key: '', found, expected, nearest: null };
}

function asMapping(values: unknown): Record<string, unknown> {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return {};
  // `cache:` without a value, as when all its keys are commented out, is an empty section.
  return Object.fromEntries(Object.entries(values).filter(([, section]) => section !== null));
}

/** Returns the section as a mapping, added if missing; `undefined` if it has another type. */
function sectionOf(
  values: Record<string, unknown>,
  name: string,
): Record<string, unknown> | undefined {
  const section: unknown = values[name] ?? {};
  values[name] = section;
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return undefined;
  return section as Record<string, unknown>;
}

/** Sets `origins` to the hub at `hub.endpoint` if no origin is configured. */
function mirrorEndpoint(values: Record<string, unknown>): void {
  const endpoint = asMapping(values['hub'])['endpoint'];
  // An invalid endpoint is reported for its own setting.
  if (values['origins'] !== undefined || typeof endpoint !== 'string') return;
  if (URL.canParse(endpoint)) values['origins'] = hubOrigins(endpoint);
}

/**
 * Returns the flags for an origin when neither a flag nor the environment names one: of a list in
 * the file, they could mean any.
 */
function withoutOrigin(overrides: readonly Override[]): readonly Override[] {
  if (overrides.some(({ entry }) => entry.key === 'origins[].url')) return [];
  return overrides.filter(({ entry }) => entry.section === 'origins[]');
}

function lacksOrigin({ entry, source }: Override): Problem {
  const expected = `--origin with it, or \`${entry.name}\` of an origin in the file`;
  return { source, key: '', found: 'no origin that it applies to', expected, nearest: null };
}

function applyOver(values: Record<string, unknown>, override: Override): void {
  const { section, name } = override.entry;
  // `--origin URL` replaces the whole list by one origin at `/`; flags for that origin come later.
  if (section === 'origins[]' && name === 'url') values['origins'] = [{ url: override.value }];
  else if (section === 'origins[]') {
    const [origin] = values['origins'] as readonly Record<string, unknown>[];
    if (origin !== undefined) origin[name] = override.value;
  } else {
    const mapping = sectionOf(values, section);
    if (mapping !== undefined) mapping[name] = override.value;
  }
}

/** Returns the flag or variable of the value at `path`, the last applied one; else `undefined`. */
function sourceOf(
  path: readonly PropertyKey[],
  overrides: readonly Override[],
): Source | undefined {
  const key = formatKey(path).replace('[0]', '[]');
  return overrides.findLast(({ entry }) =>
    entry.section === 'origins[]' ? key.startsWith('origins') : key === entry.key,
  )?.source;
}

/**
 * Returns the source of a value. Unlike `locate` for problems, it returns `default` for a value
 * that no layer sets, even within a section or origin that a layer sets.
 */
function provenance(
  path: readonly PropertyKey[],
  overrides: readonly Override[],
  file: YamlFile,
): Source {
  const key = formatKey(path).replace('[0]', '[]');
  const applied = overrides.findLast(({ entry }) => key === entry.key);
  if (applied !== undefined) return applied.source;
  const replaced = path[0] === 'origins' && sourceOf(path, overrides) !== undefined;
  return (replaced ? undefined : file.find(path)) ?? { kind: 'default' };
}

function readTextFile(path: string, maxBytes: number): string {
  const { size } = statSync(path);
  if (size > maxBytes) throw new Error(`larger than ${String(maxBytes)} bytes`);
  return readFileSync(path, 'utf8');
}
