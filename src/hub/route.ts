/**
 * Parses a request target of a hub of models. Percent-encoding is kept, except in canonical names:
 * a revision may contain `%2F`, which the hub must get unchanged. Pure; used by hub/lookup and
 * hub/passed before anything else.
 */

import { canonicalRepository } from './repository.js';

/** A commit id. Its content never changes. */
const COMMIT = /^[0-9a-f]{40}$/;

export type HubRoute =
  /** A file: `/{repository}/resolve/{revision}/{path}`. */
  | {
      readonly kind: 'resolve';
      /** The canonical name (hub/repository): `acme/model`, `gpt2`, `datasets/acme/data`. */
      readonly repository: string;
      /** The client's spelling of the name, which is sent to the hub. */
      readonly spelled: string;
      readonly revision: string;
      readonly path: string;
    }
  /** JSON about a repository. `revision`: `null` when the path has none. */
  | {
      readonly kind: 'info' | 'tree' | 'refs' | 'paths-info';
      readonly repository: string;
      readonly revision: string | null;
    }
  /** A token for the Xet servers, with which clients download past this mirror. */
  | { readonly kind: 'xet-token'; readonly repository: string; readonly isRead: boolean }
  | { readonly kind: 'other' };

const OTHER: HubRoute = { kind: 'other' };

/** True for a revision that is a commit, and therefore immutable. */
export function isCommit(revision: string | null): boolean {
  return revision !== null && COMMIT.test(revision);
}

/** Segments that determine the route: `/api/models/{owner}/{name}/{marker}`. */
const LEADING_SEGMENTS = 5;

/** Parses an origin-form target; ignores its query. */
export function routeOf(target: string): HubRoute {
  const [whole = ''] = target.split('?', 1);
  // Empty segments, except one at the end.
  if (!whole.startsWith('/') || whole.includes('//')) return OTHER;
  // A hub ignores a slash at the end of an API path.
  const path = /^\/api\/[^/]+\//.test(whole) ? whole.replace(/\/$/, '') : whole;
  if (path.endsWith('/')) return OTHER;
  const segments = path.slice(1).split('/', LEADING_SEGMENTS);
  return segments[0] === 'api' ? apiRoute(path, segments) : fileRoute(path, segments);
}

/** Returns the part of `path` after the segments `leading`; `undefined` when there is none. */
function below(path: string, leading: readonly string[]): string | undefined {
  const end = leading.reduce((length, segment) => length + 1 + segment.length, 0);
  return end < path.length ? path.slice(end + 1) : undefined;
}

function fileRoute(path: string, segments: readonly string[]): HubRoute {
  const prefix = isKind(segments[0]) ? 1 : 0;
  // The longer id first: of two segments `resolve` the second is more likely to be the marker.
  for (const at of [prefix + 2, prefix + 1]) {
    if (segments[at] !== 'resolve') continue;
    const named = below(path, segments.slice(0, at + 1));
    if (named?.includes('/') !== true) continue;
    const spelled = segments.slice(0, at).join('/');
    const repository = canonicalRepository(spelled);
    const { revision, rest } = revisionOf(named);
    return rest === '' ? OTHER : { kind: 'resolve', repository, spelled, revision, path: rest };
  }
  return OTHER;
}

/**
 * Refs other than branches, whose names contain slashes: `refs/pr/1`, `refs/convert/parquet`. A hub
 * accepts these slashes plain or encoded; those of a branch must be encoded.
 */
const SPECIAL_REF = /^refs(?:\/|%2f)(?:pr(?:\/|%2f)\d+|convert(?:\/|%2f)[\w.-]+)(?=\/|$)/i;

/** Splits the text after a marker into the revision, still encoded, and the path below it. */
function revisionOf(text: string): { revision: string; rest: string } {
  const [first = ''] = text.split('/', 1);
  const [revision = first] = SPECIAL_REF.exec(text) ?? [];
  return { revision, rest: text.slice(revision.length + 1) };
}

function apiRoute(path: string, segments: readonly string[]): HubRoute {
  const [api = '', kind, ...names] = segments;
  if (!isKind(kind) || names.length === 0) return OTHER;
  const repositoryOf = (length: number): string =>
    canonicalRepository([kind, ...names.slice(0, length)].join('/'));
  for (const at of [2, 1]) {
    const marker = names[at];
    const named = below(path, [api, kind, ...names.slice(0, at + 1)]);
    const { revision, rest } = revisionOf(named ?? '');
    const repository = repositoryOf(at);
    const namesRevision = named !== undefined && rest === '';
    if (marker === 'refs' && named === undefined) {
      return { kind: 'refs', repository, revision: null };
    }
    if (marker === 'xet-read-token' || marker === 'xet-write-token') {
      return { kind: 'xet-token', repository, isRead: marker === 'xet-read-token' };
    }
    if (marker === 'revision' && namesRevision) return { kind: 'info', repository, revision };
    if (marker === 'paths-info' && namesRevision) {
      return { kind: 'paths-info', repository, revision };
    }
    if (marker === 'tree' && named !== undefined) return { kind: 'tree', repository, revision };
  }
  if (names.length > 2) return OTHER;
  return { kind: 'info', repository: repositoryOf(2), revision: null };
}

function isKind(segment: string | undefined): segment is 'models' | 'datasets' | 'spaces' {
  return segment === 'models' || segment === 'datasets' || segment === 'spaces';
}

/** Returns the API path of a repository. */
export function apiPathOf(repository: string): string {
  return isKind(repository.split('/', 1)[0]) ? `/api/${repository}` : `/api/models/${repository}`;
}
