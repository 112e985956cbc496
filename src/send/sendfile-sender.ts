/**
 * `SegmentSender` through the pump: files go from the page cache to the socket without passing this
 * process's memory. What the pump cannot or should not send goes through `BufferSender`.
 */
import type { ServerResponse } from 'node:http';
import type {
  ResponseHead,
  Segment,
  SegmentSender,
  SendEnd,
  SendView,
  InlineSender,
} from '../model/segment.js';
import { BufferSender } from './buffer-sender.js';
import { PumpedSend, type PumpedSendOptions } from './pumped-send.js';
import { socketFd } from './socket-fd.js';
import { inlineSender } from './inline-sender.js';

export interface SendfileSenderOptions extends PumpedSendOptions {
  /** Bodies up to this length do not use the pump; `SMALL_BODY_BYTES` except in tests. */
  readonly smallBodyBytes?: number;
}

/**
 * Bodies up to this length are read and written on the spot, head and body in one system call: the
 * way to a pump thread and back costs more than it saves. Measured, CPU of the process per request
 * over kept connections: at 4 KiB 40 us on the spot and 80 us by the pump, at 64 KiB 50 and 94 us.
 * Beyond that a copy holds up the main thread for longer than handing over does.
 */
export const SMALL_BODY_BYTES = 64 * 1024;

export class SendfileSender implements SegmentSender {
  readonly #options: SendfileSenderOptions;
  readonly #smallBodyBytes: number;
  readonly #buffers: BufferSender;
  /**
   * Responses whose heads promised what the pump can keep: a body of a known length, in the clear.
   */
  readonly #pumped = new WeakSet<ServerResponse>();
  /** The pump sends what it does not finish. */
  readonly inline: InlineSender = inlineSender((response) => this.#pumped.add(response));

  constructor(options: SendfileSenderOptions) {
    this.#options = options;
    this.#smallBodyBytes = options.smallBodyBytes ?? SMALL_BODY_BYTES;
    this.#buffers = new BufferSender(options);
  }

  /** As `SegmentSender.send`. The response must have its socket. */
  send(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
    observe?: (view: SendView) => void,
  ): Promise<SendEnd> {
    if (head !== null && this.#isForPump(response, head)) this.#pumped.add(response);
    if (!this.#pumped.has(response)) {
      return this.#buffers.send(response, head, segments, observe);
    }
    const send = new PumpedSend(response, head, segments, this.#options);
    observe?.(send);
    return send.run();
  }

  /**
   * Node frames a body of unknown length in chunks, and TLS encrypts: bytes that are in no file.
   */
  #isForPump(response: ServerResponse, { headers }: ResponseHead): boolean {
    const length = headers['content-length'];
    return (
      typeof length === 'string' &&
      Number(length) > this.#smallBodyBytes &&
      socketFd(response) !== null
    );
  }
}
