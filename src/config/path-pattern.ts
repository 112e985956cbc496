/**
 * Path patterns of the configuration (`digests[].pattern`, `pinned`) and the paths that they fit:
 * every path that a server may take for one that they name, in whatever spelling either is written.
 * Used by origin/upstream.
 */
import { decoded, decodedOnce, type Readings, readingsOf } from '../model/path.js';
import { canonicalUri, splitTarget } from '../model/uri.js';
import { type Glob, globOf } from './glob.js';

/**
 * How well a pattern fits a path: `other` is a spelling that names the same by RFC 3986 no more.
 */
export type Fit = 'exact' | 'other' | 'none';

/** A request's path in all the ways that patterns look at. Made once for a request. */
export interface RequestedPath {
  readonly canonical: string;
  readonly readings: Readings;
}

export function requestedPath(path: string): RequestedPath {
  return { canonical: canonicalUri(path), readings: readingsOf(path) };
}

export class PathPattern {
  /** It names one path: no wildcards. */
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

  /** What the first pattern that fits the path of a request target gives it. */
  find(target: string): Value | undefined {
    if (this.#entries.length === 0) return undefined;
    return firstFit(this.#entries, requestedPath(splitTarget(target)[0]))?.value;
  }
}

/**
 * The first entry whose pattern fits. One that fits exactly precedes one that fits another spelling
 * only: two files whose names some servers do not distinguish have a pin each.
 */
export function firstFit<Entry extends { readonly pattern: PathPattern }>(
  entries: readonly Entry[],
  path: RequestedPath,
): Entry | undefined {
  let other: Entry | undefined;
  for (const entry of entries) {
    // All that follows is of use only if it names the path letter by letter.
    if (other !== undefined && !entry.pattern.isLiteral) continue;
    const fit = entry.pattern.fit(path);
    if (fit === 'exact') return entry;
    if (fit === 'other') other ??= entry;
  }
  return other;
}
