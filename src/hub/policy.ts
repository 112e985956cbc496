/** The hub settings. They are read anew for each request, because a reload may change them. */
import type { ServerToken, Who } from './credentials.js';
import { isCommit } from './route.js';

/** How long the commit of a branch or tag is fresh. */
export const NAME_LIFETIME_MS = 60_000;

/**
 * How long an answer about a commit is fresh, and how long any answer may be used stale in offline
 * mode while the hub is unreachable.
 */
export const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export interface HubPolicy {
  /** How long a decision about a credential is reused. */
  readonly authorizationTtlMs: number;
  /** True when earlier decisions and answers are used while the hub is unreachable. */
  readonly offline: boolean;
  readonly serverToken: ServerToken | null;
}

/** Returns how long a hub's answer about a revision is fresh for a credential, in ms. */
export function saidLifetimeMs(
  revision: string | null,
  { key }: Who,
  { authorizationTtlMs }: HubPolicy,
): number {
  const open = isCommit(revision) ? YEAR_MS : NAME_LIFETIME_MS;
  // An answer to a credential is fresh no longer than the decision about that credential.
  return key === '' ? open : Math.min(open, authorizationTtlMs);
}
