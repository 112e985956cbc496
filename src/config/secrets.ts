/**
 * Replaces each `{file: PATH}` in the configuration by the content of the file. load.ts runs it
 * before the schema, so that a secret is checked like every other header value.
 */
import { formatKey, type Problem } from './problem.js';

/** The maximum size of a secret file: no header value may be longer. */
export const MAX_SECRET_BYTES = 8192;

/** Reads a text file of at most `maxBytes`. Throws if it is larger or cannot be read. */
export type ReadText = (path: string, maxBytes: number) => string;

/** A problem without its source, and the path by which the caller looks up the source. */
export type SecretProblem = Omit<Problem, 'source'> & { readonly path: readonly PropertyKey[] };

/**
 * Replaces each `{file: PATH}` below `origins[].headers` of `values` in place; returns problems.
 */
export function readSecrets(values: unknown, readText: ReadText): readonly SecretProblem[] {
  const origins = asRecord(values)?.['origins'];
  if (!Array.isArray(origins)) return [];
  return origins.flatMap((origin: unknown, index): SecretProblem[] => {
    const headers = asRecord(asRecord(origin)?.['headers']) ?? {};
    return Object.entries(headers).flatMap(([name, value]) => {
      const file = secretFile(value);
      if (file === undefined) return [];
      try {
        headers[name] = readText(file, MAX_SECRET_BYTES).replace(/\r?\n$/, '');
        return [];
      } catch (error) {
        headers[name] = '';
        const path = ['origins', index, 'headers', name, 'file'];
        const found = `${JSON.stringify(file)}, which cannot be read (${reason(error)})`;
        const expected = `a readable file of at most ${String(MAX_SECRET_BYTES)} bytes`;
        return [{ path, key: formatKey(path), found, expected, nearest: null }];
      }
    });
  });
}

/** Returns the path of a `{file: PATH}`; `undefined` for any other value. */
export function secretFile(value: unknown): string | undefined {
  const entries = Object.entries(asRecord(value) ?? {});
  const [name, file] = entries[0] ?? [];
  return entries.length === 1 && name === 'file' && typeof file === 'string' ? file : undefined;
}

/** Returns the error's code, or its message if it has none: a system message repeats the path. */
export function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}
