/**
 * Sends the rest of an answer that the hit server has begun, through the pump, to a socket that
 * Node owns but does not read. http/hits/hit-front calls it.
 */
import type { Pump } from '../compute/pump.js';
import type { Transfer } from '../compute/transfer.js';
import type { Clock } from '../model/time.js';
import { type PaceBounds, TransferPace } from './transfer-pace.js';

/** The unsent part of an answer. */
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

/**
 * Resolves after it has called `released`: the file descriptor is not used any more. Rejects with a
 * system error, also after that call; the answer is then cut off. `signal`: aborts when Node has
 * closed the connection, which the pump's duplicate would keep open.
 */
export async function sendRest(
  socketFd: number,
  rest: Rest,
  released: () => void,
  options: RestSendOptions,
  signal?: AbortSignal,
): Promise<RestEnd> {
  const { pump, clock } = options;
  const transfer = begin(pump, socketFd, rest, released);
  const client = { isIdle: false, isGone: false };
  const leave = (): void => {
    client.isGone = true;
    transfer.stop(true);
  };
  signal?.addEventListener('abort', leave);
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
  signal?.removeEventListener('abort', leave);
  const { bytesSent } = transfer;
  // A client that has all may leave before that is heard of, which is no early end.
  if (kind === 'complete') return { reason: 'complete', bytesSent };
  if (client.isIdle) return { reason: 'client-idle', bytesSent };
  if (kind === 'client-closed' || client.isGone) return { reason: 'client-closed', bytesSent };
  return { reason: 'source-failed', bytesSent };
}

function begin(pump: Pump, socketFd: number, { head, file }: Rest, released: () => void): Transfer {
  let transfer: Transfer | undefined;
  try {
    transfer = pump.begin(socketFd);
    if (head.length > 0) transfer.addBytes(head, { release: () => undefined });
    if (file !== null) transfer.addFile({ ...file, watermark: null }, { release: released });
  } catch (error) {
    transfer?.stop(true);
    released();
    throw error;
  }
  if (file === null) released();
  transfer.finish();
  return transfer;
}
