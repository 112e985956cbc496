/**
 * The names of a file at a hub: its request target at a revision, and the repositories that the
 * URLs of an answer name. Pure; used by hub/decisions, files and refusals.
 */
import type { Upstream } from '../origin/upstream.js';
import { type HubRoute, routeOf } from './route.js';

export type FileRoute = Extract<HubRoute, { kind: 'resolve' }>;

/** The request target of a file at a revision, as the hub reads it. */
export function targetOf({ spelled, path }: FileRoute, revision: string): string {
  return `/${spelled}/resolve/${revision}/${path}`;
}

/**
 * The last of `urls` that names a file of a repository, and that repository. A renamed repository
 * redirects from its old name to the new one; a decision or a refusal holds for both.
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
