/** What the configuration says of hubs; asked anew for each request, as a reload may change it. */
import type { ServerToken, Who } from './credentials.js';
import { isCommit } from './route.js';

/** How long what a branch or tag names is taken for what it named. */
export const NAME_LIFETIME_MS = 60_000;

/**
 * How long what is said of a commit is kept, and how long a name's stands in for a hub that is
 * down.
 */
export const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export interface HubPolicy {
  /** How long a decision about somebody is taken for the hub's. */
  readonly authorizationTtlMs: number;
  /** Whether what was decided and said before stands in while the hub cannot be asked. */
  readonly offline: boolean;
  readonly serverToken: ServerToken | null;
}

/** How long what a hub says to somebody of a revision is taken for what it would say now, in ms. */
export function saidLifetimeMs(
  revision: string | null,
  { key }: Who,
  { authorizationTtlMs }: HubPolicy,
): number {
  const open = isCommit(revision) ? YEAR_MS : NAME_LIFETIME_MS;
  // What somebody may see with a credential is theirs as long as the decision about it.
  return key === '' ? open : Math.min(open, authorizationTtlMs);
}
