/**
 * What a request target means to a hub of models. Pure; hub/lookup asks it first. Percent-encoding is
 * kept everywhere: a revision may contain `%2F`, and the upstream must see it as it came.
 */

import { canonicalRepository } from './repository.js';

/** A commit's own name: nothing that it names ever changes. */
const COMMIT = /^[0-9a-f]{40}$/;

export type HubRoute =
  /** A file: `/{repository}/resolve/{revision}/{path}`. */
  | {
      readonly kind: 'resolve';
      /** `acme/model`, `gpt2`, `datasets/acme/data`: the one form of its name (hub/repository). */
      readonly repository: string;
      /** The same as it came, for the hub. */
      readonly spelled: string;
      readonly revision: string;
      readonly path: string;
    }
  /** JSON about a repository. `revision`: `null` where the path names none. */
  | {
      readonly kind: 'info' | 'tree' | 'refs' | 'paths-info';
      readonly repository: string;
      readonly revision: string | null;
    }
  /** A token for the servers of Xet: what leads clients away from plain HTTP. */
  | { readonly kind: 'xet-token'; readonly repository: string; readonly isRead: boolean }
  | { readonly kind: 'other' };

const OTHER: HubRoute = { kind: 'other' };

/** True for a revision that is a commit: what it names is immutable. */
export function isCommit(revision: string | null): boolean {
  return revision !== null && COMMIT.test(revision);
}

/** Reads an origin-form target; its query plays no part. */
export function routeOf(target: string): HubRoute {
  const [path = ''] = target.split('?', 1);
  // An empty segment, wherever it stands but at the end.
  if (path.includes('//')) return OTHER;
  const segments = path.split('/').slice(1);
  // Of the API's names a hub takes no notice of a slash at the end.
  if (segments[0] === 'api' && segments.length > 2 && segments.at(-1) === '') segments.pop();
  if (segments.length === 0 || segments[0] === '' || segments.at(-1) === '') return OTHER;
  return segments[0] === 'api' ? apiRoute(segments.slice(1)) : fileRoute(segments);
}

function fileRoute(segments: readonly string[]): HubRoute {
  const prefix = isKind(segments[0]) ? 1 : 0;
  // The longer id first: of two segments `resolve` the second is more likely to be the marker.
  for (const at of [prefix + 2, prefix + 1]) {
    if (segments[at] !== 'resolve' || segments.length < at + 3) continue;
    const spelled = segments.slice(0, at).join('/');
    const repository = canonicalRepository(spelled);
    const { revision, rest: path } = revisionOf(segments.slice(at + 1));
    return path === '' ? OTHER : { kind: 'resolve', repository, spelled, revision, path };
  }
  return OTHER;
}

/**
 * Refs that are no branches have slashes in their names: `refs/pr/1`, `refs/convert/parquet`. A hub
 * takes the slashes as they are and encoded; a branch's it takes encoded alone.
 */
const SPECIAL_REF = /^refs(?:\/|%2f)(?:pr(?:\/|%2f)\d+|convert(?:\/|%2f)[\w.-]+)(?=\/|$)/i;

/** Parts what follows a marker into a revision, as it came, and the path below it. */
function revisionOf(segments: readonly string[]): { revision: string; rest: string } {
  const text = segments.join('/');
  const [revision = segments[0] ?? ''] = SPECIAL_REF.exec(text) ?? [];
  return { revision, rest: text.slice(revision.length + 1) };
}

function apiRoute([kind, ...segments]: readonly string[]): HubRoute {
  if (!isKind(kind) || segments.length === 0) return OTHER;
  const repositoryOf = (length: number): string =>
    canonicalRepository([kind, ...segments.slice(0, length)].join('/'));
  for (const at of [2, 1]) {
    const [marker, ...below] = segments.slice(at);
    const { revision, rest } = revisionOf(below);
    const repository = repositoryOf(at);
    const isLast = below.length === 0;
    const namesRevision = !isLast && rest === '';
    if (marker === 'refs' && isLast) return { kind: 'refs', repository, revision: null };
    if (marker === 'xet-read-token' || marker === 'xet-write-token') {
      return { kind: 'xet-token', repository, isRead: marker === 'xet-read-token' };
    }
    if (marker === 'revision' && namesRevision) return { kind: 'info', repository, revision };
    if (marker === 'paths-info' && namesRevision) {
      return { kind: 'paths-info', repository, revision };
    }
    if (marker === 'tree' && !isLast) return { kind: 'tree', repository, revision };
  }
  if (segments.length > 2) return OTHER;
  return { kind: 'info', repository: repositoryOf(2), revision: null };
}

function isKind(segment: string | undefined): boolean {
  return segment === 'models' || segment === 'datasets' || segment === 'spaces';
}

/** The path of the API that speaks of a repository. */
export function apiPathOf(repository: string): string {
  return isKind(repository.split('/', 1)[0]) ? `/api/${repository}` : `/api/models/${repository}`;
}
