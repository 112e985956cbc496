/** Chooses how bodies are sent on this machine, for assemble. */
import { HitServer } from '../compute/hit-server.js';
import { Pump, PUMP_THREADS } from '../compute/pump.js';
import type { SegmentSender } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { BufferSender } from './buffer-sender.js';
import { type Rest, type RestEnd, sendRest } from './rest-send.js';
import { SendfileSender } from './sendfile-sender.js';
import { INLINE_SEND_MAX_BYTES } from './inline-sender.js';
import type { PaceBounds } from './transfer-pace.js';

export interface SendingConfig {
  readonly listen: {
    readonly clientIdleTimeoutMs: number;
    readonly clientMinRateBytesPerSecond: number;
    readonly sendfile: boolean;
    readonly hitThreads: number;
  };
  readonly fill: { readonly requestTimeoutMs: number };
}

export interface Hits {
  readonly server: HitServer;
  /**
   * Sends what a connection did not take at once; `released`: its file is not used any more.
   * Rejects without having called that. `signal`: node has closed the connection.
   */
  readonly sendRest: (
    socketFd: number,
    rest: Rest,
    released: () => void,
    signal: AbortSignal,
  ) => Promise<RestEnd>;
}

export interface Sending {
  readonly sender: SegmentSender;
  /** The native hit server; `null` if there is none. Its user closes it. */
  readonly hits: Hits | null;
  /** Descriptors to be woken when a watermark moves (`WatermarkRegistry`). */
  readonly wakeFds: readonly number[];
  /** For people. */
  readonly description: string;
  /** Takes new bounds, for sends that begin from now on; which sender it is stays. */
  reconfigure(config: SendingConfig): void;
  /** After the last send, and after the last thread that has `wakeFds`. */
  close(): void;
}

/** `platform`: this machine's, except in tests. */
export function createSending(
  config: SendingConfig,
  clock: Clock,
  platform = process.platform,
): Sending {
  // Senders look at it with every send, so that a reload changes it under them.
  const options = { clock, ...boundsOf(config) };
  const reconfigure = (next: SendingConfig): void => {
    Object.assign(options, boundsOf(next));
  };
  if (!config.listen.sendfile || platform !== 'linux') {
    return {
      sender: new BufferSender(options),
      hits: null,
      wakeFds: [],
      reconfigure,
      description: 'bodies are sent through buffers',
      close: () => undefined,
    };
  }
  const pump = new Pump();
  const pumped = Object.assign(options, { pump });
  const { hitThreads } = config.listen;
  return {
    sender: new SendfileSender(pumped),
    hits:
      hitThreads === 0
        ? null
        : {
            server: new HitServer(hitThreads, INLINE_SEND_MAX_BYTES, clock),
            sendRest: (socketFd, rest, released, signal) =>
              sendRest(socketFd, rest, released, pumped, signal),
          },
    wakeFds: [pump.wakeFd],
    reconfigure,
    description: `bodies are sent by sendfile on ${String(PUMP_THREADS)} threads`,
    close: () => {
      pump.close();
    },
  };
}

function boundsOf({ listen, fill }: SendingConfig): PaceBounds {
  return {
    clientIdleTimeoutMs: listen.clientIdleTimeoutMs,
    clientMinRateBytesPerSecond: listen.clientMinRateBytesPerSecond,
    sourceIdleTimeoutMs: fill.requestTimeoutMs,
  };
}
