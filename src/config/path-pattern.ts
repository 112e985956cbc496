/**
 * Matches request paths against path patterns of the configuration (`digests[].pattern`, `pinned`).
 * A pattern fits every spelling that a server may treat as a path that it names. Used by
 * origin/upstream.
 */
import { decoded, decodedOnce, type Readings, readingsOf } from '../model/path.js';
import { canonicalUri, splitTarget } from '../model/uri.js';
import { type Glob, globOf } from './glob.js';

/**
 * How a pattern fits a path. `other`: only a spelling that is not equivalent by RFC 3986, but that
 * some servers treat as the same.
 */
export type Fit = 'exact' | 'other' | 'none';

/** A request's path in all forms that patterns are matched against. Computed once per request. */
export interface RequestedPath {
  readonly canonical: string;
  readonly readings: Readings;
}

export function requestedPath(path: string): RequestedPath {
  return { canonical: canonicalUri(path), readings: readingsOf(path) };
}

export class PathPattern {
  /** True when it has no wildcards and so names one path. */
  readonly isLiteral: boolean;
  readonly #exact: Glob;
  readonly #kept: Glob;
  readonly #plain: Glob;

  /** `text`: encoded or not, in any script. */
  constructor(text: string) {
    this.isLiteral = !/[*?]/.test(text);
    this.#exact = globOf(text, (part) => canonicalUri(Buffer.from(part).toString('latin1')));
    this.#kept = globOf(text, decodedOnce);
    this.#plain = globOf(text, (part) => decoded(part).replace(/\/+/g, '/'));
  }

  fit({ canonical, readings }: RequestedPath): Fit {
    if (this.#exact.fits(canonical)) return 'exact';
    const isOther =
      readings.kept.some((reading) => this.#kept.fits(reading)) ||
      readings.plain.some((reading) => this.#plain.fits(reading));
    return isOther ? 'other' : 'none';
  }
}

/** Configured values by path pattern. */
export class PathTable<Value> {
  readonly #entries: readonly { readonly pattern: PathPattern; readonly value: Value }[];

  constructor(rows: readonly (readonly [pattern: string, value: Value])[]) {
    this.#entries = rows.map(([text, value]) => ({ pattern: new PathPattern(text), value }));
  }

  /**
   * Returns the value of the first pattern that fits the path of a request target: see `firstFit`.
   */
  find(target: string): Value | undefined {
    if (this.#entries.length === 0) return undefined;
    return firstFit(this.#entries, requestedPath(splitTarget(target)[0]))?.value;
  }
}

/**
 * Returns the first entry whose pattern fits. If it fits only another spelling, a later literal
 * pattern that fits exactly is preferred. So two files whose names some servers treat as the same
 * can each have a pin of their own.
 */
export function firstFit<Entry extends { readonly pattern: PathPattern }>(
  entries: readonly Entry[],
  path: RequestedPath,
): Entry | undefined {
  let other: Entry | undefined;
  for (const entry of entries) {
    // After a fit of another spelling, only literal patterns are considered.
    if (other !== undefined && !entry.pattern.isLiteral) continue;
    const fit = entry.pattern.fit(path);
    if (fit === 'exact') return entry;
    if (fit === 'other') other ??= entry;
  }
  return other;
}
