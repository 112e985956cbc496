/** Turns issues of the schema into problems with source, key, found value and expected value. */
import type { z } from 'zod';
import { catalog, knownNames } from './catalog.js';
import { nearestKey } from './nearest.js';
import { FOUND_RETIRED, insteadOf } from './retired.js';
import { describeFound, formatKey, type Problem, type Source } from './problem.js';

type Issue = z.core.$ZodIssue;

/** Describes every issue. `values` are the parsed ones; `locate` returns the source of a key. */
export function describeIssues(
  issues: readonly Issue[],
  values: unknown,
  locate: (path: readonly PropertyKey[]) => Source,
): readonly Problem[] {
  return issues.flatMap((issue) => describeIssue(issue, values, locate));
}

function describeIssue(
  issue: Issue,
  values: unknown,
  locate: (path: readonly PropertyKey[]) => Source,
): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownKey(issue.path, name, locate([...issue.path, name])));
  }
  const { path } = issue;
  const found =
    issue.code === 'invalid_key'
      ? describeFound(path.at(-1), [])
      : describeValue(valueAt(values, path), path);
  const expected = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? '') : issue.message;
  return [{ source: locate(path), key: formatKey(path), found, expected, nearest: null }];
}

function unknownKey(parent: readonly PropertyKey[], name: string, source: Source): Problem {
  const key = formatKey([...parent, name]);
  const instead = insteadOf(key);
  if (instead !== undefined) {
    return { source, key, found: FOUND_RETIRED, expected: instead, nearest: null };
  }
  const names = knownNames(parent) ?? [];
  const expected = `one of ${names.map((known) => `\`${known}\``).join(', ')}`;
  const place = formatKey(parent).replaceAll(/\[\d+\]/g, '[]');
  const keys = [...catalog.map((entry) => entry.key), 'origins'];
  const meant = nearestKey(place, name, keys);
  return { source, key, found: 'an unknown key', expected, nearest: meant };
}

/** Describes a value. A missing one has its default, which can break a rule between two keys. */
function describeValue(value: unknown, path: readonly PropertyKey[]): string {
  if (value !== undefined) return describeFound(value, path);
  const key = formatKey(path);
  const byDefault = catalog.find((entry) => entry.key === key)?.defaultText ?? null;
  return byDefault === null ? 'nothing' : `the default \`${byDefault}\``;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
