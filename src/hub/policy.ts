/** The configuration of hubs; read anew for each request, as a reload may change it. */
import type { ServerToken, Who } from './credentials.js';
import { isCommit } from './route.js';

/** How long a branch or tag is assumed to name the same commit. */
export const NAME_LIFETIME_MS = 60_000;

/**
 * How long answers about a commit are kept, and how long a name's answer is used while the hub is
 * down.
 */
export const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export interface HubPolicy {
  /** How long a decision counts before the hub is asked again. */
  readonly authorizationTtlMs: number;
  /** Whether earlier decisions and answers are used while the hub is unreachable. */
  readonly offline: boolean;
  readonly serverToken: ServerToken | null;
}

/** How long a hub's answer about a revision counts as current, in ms. */
export function saidLifetimeMs(
  revision: string | null,
  { key }: Who,
  { authorizationTtlMs }: HubPolicy,
): number {
  const open = isCommit(revision) ? YEAR_MS : NAME_LIFETIME_MS;
  // An answer for a credential counts no longer than the decision about it.
  return key === '' ? open : Math.min(open, authorizationTtlMs);
}
