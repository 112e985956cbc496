/**
 * Sends what is left of an answer that a hit server's connection took a part of, through the pump, to a
 * socket that node holds but does not read. http/hit-front calls it.
 */
import type { Pump } from '../compute/pump.js';
import type { PieceOwner } from '../compute/transfer.js';
import type { Clock } from '../model/time.js';
import { type PaceBounds, TransferPace } from './transfer-pace.js';

/** What of an answer is left. */
export interface Rest {
  readonly head: Buffer;
  readonly file: { readonly fd: number; readonly offset: number; readonly length: number } | null;
}

export interface RestEnd {
  readonly reason: 'complete' | 'client-closed' | 'client-idle' | 'source-failed';
  /** Of head and file, that the kernel took. */
  readonly bytesSent: number;
}

export interface RestSendOptions extends PaceBounds {
  readonly pump: Pump;
  readonly clock: Clock;
}

/** Resolves once `released` was called: its descriptor is not used any more. Throws a system error at once. */
export async function sendRest(
  socketFd: number,
  { head, file }: Rest,
  released: () => void,
  options: RestSendOptions,
): Promise<RestEnd> {
  const { pump, clock } = options;
  const owner: PieceOwner = { release: () => undefined };
  const transfer = pump.begin(socketFd);
  if (head.length > 0) transfer.addBytes(head, owner);
  if (file === null) released();
  else transfer.addFile({ ...file, watermark: null }, { release: released });
  transfer.finish();
  const client = { isIdle: false };
  const look = () => {
    const progress = transfer.progress();
    return progress === null ? null : { ...progress, arrivedBytes: 0 };
  };
  const pace = new TransferPace(look, clock, options, () => {
    client.isIdle = true;
    transfer.stop(true);
  });
  const { kind } = await transfer.ended();
  pace.stop();
  const { bytesSent } = transfer;
  if (client.isIdle) return { reason: 'client-idle', bytesSent };
  if (kind === 'complete' || kind === 'client-closed') return { reason: kind, bytesSent };
  return { reason: 'source-failed', bytesSent };
}
