/** What the configuration says of hubs; asked anew for each request, as a reload may change it. */
import type { ServerToken } from './credentials.js';

export interface HubPolicy {
  /** How long a decision about somebody is taken for the hub's. */
  readonly authorizationTtlMs: number;
  /** Whether what was decided and said before stands in while the hub cannot be asked. */
  readonly offline: boolean;
  readonly serverToken: ServerToken | null;
}
