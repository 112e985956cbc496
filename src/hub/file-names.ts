/**
 * The names of a file at a hub: its request target at a revision, and the repository that the URLs
 * of a redirect chain name. Pure; used by hub/decisions, files, file-pins and refusals.
 */
import type { Upstream } from '../origin/upstream.js';
import { type HubRoute, routeOf } from './route.js';

export type FileRoute = Extract<HubRoute, { kind: 'resolve' }>;

/** Returns the hub's request target for a file at a revision. */
export function targetOf({ spelled, path }: FileRoute, revision: string): string {
  return `/${spelled}/resolve/${revision}/${path}`;
}

/**
 * Finds the last of `urls` that names a file of a repository. The old name of a renamed repository
 * redirects to its new one, and a decision or refusal applies to both names.
 */
export function namedLast(
  upstream: Upstream,
  urls: readonly string[],
): { readonly at: number; readonly route: FileRoute } | undefined {
  for (const [at, url] of [...urls.entries()].reverse()) {
    const route = routeOf(upstream.targetOf(url) ?? '');
    if (route.kind === 'resolve') return { at, route };
  }
  return undefined;
}
