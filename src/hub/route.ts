/**
 * What a request target means to a hub of models. Pure; hub/lookup asks it first. Percent-encoding is
 * kept everywhere: a revision may contain `%2F`, and the upstream must see it as it came.
 */

/** A commit's own name: nothing that it names ever changes. */
const COMMIT = /^[0-9a-f]{40}$/;

export type HubRoute =
  /** A file: `/{repository}/resolve/{revision}/{path}`. */
  | {
      readonly kind: 'resolve';
      /** `acme/model`, `gpt2`, `datasets/acme/data`. */
      readonly repository: string;
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
  const segments = path.split('/').slice(1);
  if (segments.some((segment) => segment === '')) return OTHER;
  return segments[0] === 'api' ? apiRoute(segments.slice(1)) : fileRoute(segments);
}

function fileRoute(segments: readonly string[]): HubRoute {
  const prefix = isKind(segments[0]) && segments[0] !== 'models' ? 1 : 0;
  // The longer id first: of two segments `resolve` the second is more likely to be the marker.
  for (const at of [prefix + 2, prefix + 1]) {
    if (segments[at] !== 'resolve' || segments.length < at + 3) continue;
    const revision = segments[at + 1] ?? '';
    const path = segments.slice(at + 2).join('/');
    return { kind: 'resolve', repository: segments.slice(0, at).join('/'), revision, path };
  }
  return OTHER;
}

function apiRoute([kind, ...segments]: readonly string[]): HubRoute {
  if (!isKind(kind) || segments.length === 0) return OTHER;
  const repositoryOf = (length: number): string =>
    [...(kind === 'models' ? [] : [kind]), ...segments.slice(0, length)].join('/');
  for (const at of [2, 1]) {
    const [marker, revision] = segments.slice(at);
    const repository = repositoryOf(at);
    const isLast = segments.length === at + 1;
    const namesRevision = revision !== undefined && segments.length === at + 2;
    if (marker === 'refs' && isLast) return { kind: 'refs', repository, revision: null };
    if (marker === 'xet-read-token' || marker === 'xet-write-token') {
      return { kind: 'xet-token', repository, isRead: marker === 'xet-read-token' };
    }
    if (marker === 'revision' && namesRevision) return { kind: 'info', repository, revision };
    if (marker === 'paths-info' && namesRevision) {
      return { kind: 'paths-info', repository, revision };
    }
    if (marker === 'tree' && revision !== undefined) return { kind: 'tree', repository, revision };
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
