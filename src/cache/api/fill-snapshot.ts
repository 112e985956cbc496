/**
 * Running fills as the admin API shows them. cache/fill/fill-watch and cache/fill/origin-exchange
 * enter them in the table.
 */
import type { TransferCounts, TransferState } from '../../model/transfer.js';
import type { TransferTable } from '../../telemetry/transfer-table.js';

/** One fetch from an origin: of a chunk, or the first fetch of a URL. */
export interface FillSnapshot extends TransferCounts {
  readonly id: string;
  readonly origin: string;
  /** Absolute URI at the origin. */
  readonly uri: string;
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** Index of the chunk; `null` before the origin has answered. */
  readonly chunk: number | null;
  /** Bytes of the chunk; `null` while they are not known. */
  readonly lengthBytes: number | null;
  readonly state: TransferState;
}

export type FillTable = TransferTable<FillSnapshot>;
