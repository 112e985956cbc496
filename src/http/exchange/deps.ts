/** What an exchange is given of other rooms, and what a reload changes of it. Types alone. */
import type { CacheFacade } from '../../cache/api/facade.js';
import type { PassFacade } from '../../cache/passthrough/pass.js';
import type { SegmentSender } from '../../model/segment.js';
import type { Clock } from '../../model/time.js';
import type { Telemetry } from '../../telemetry/telemetry.js';
import type { Access } from '../access/access.js';
import type { Believed } from '../request/own-url.js';
import type { RequestTable } from './request-watch.js';
import type { Mount } from '../request/route.js';

export interface ExchangeDeps {
  readonly mounts: readonly Mount[];
  readonly access: Access;
  /** Which proxies before us are believed. */
  readonly believed: Believed;
  readonly cache: CacheFacade;
  readonly passing: PassFacade;
  readonly sender: SegmentSender;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** The requests that run, as the admin API shows them. */
  readonly requests: RequestTable;
}
