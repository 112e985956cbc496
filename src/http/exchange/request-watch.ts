/**
 * One request as the admin API shows it: bytes from the origin, bytes sent, and what it waits for.
 * http/exchange/exchange makes one for each request to the cache.
 */
import type { Body } from '../../cache/api/facade.js';
import type { ErrorCode } from '../../model/errors.js';
import type { SendView } from '../../model/segment.js';
import type { Clock } from '../../model/time.js';
import { stalledOr, type TransferCounts, type TransferState } from '../../model/transfer.js';
import type { TransferEntry, TransferTable } from '../../telemetry/transfer-table.js';
import type { Delivery } from './deliver.js';

export interface RequestFacts {
  readonly requestId: string;
  readonly method: string;
  /** Name of the configured origin. */
  readonly origin: string;
  /** Path below the mount, with its query. */
  readonly target: string;
  /** The Range field as it came. */
  readonly range: string | null;
}

export interface RequestSnapshot extends RequestFacts, TransferCounts {
  readonly id: string;
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** False until the cache has answered: it may be waiting for the origin. */
  readonly answered: boolean;
  /** Bytes of the body to be sent; `null` while that is not known. */
  readonly lengthBytes: number | null;
  /** Bytes of the body that the kernel took for the client. */
  readonly sentBytes: number;
  readonly state: TransferState;
}

export type RequestTable = TransferTable<RequestSnapshot>;

type WatchedBody = Pick<Body, 'progress' | 'landed'>;

/**
 * A client that makes no room for this long is the slower end; less is the ordinary give and take.
 */
const BLOCKED_AFTER_MS = 100;

const NOTHING: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

export class RequestWatch {
  readonly #facts: RequestFacts;
  readonly #startedAtMs: number;
  #body: WatchedBody | undefined;
  #lengthBytes: number | null = null;
  /** Bytes that earlier sends of the same body have sent. */
  #sentBefore = 0;
  #send: SendView | undefined;
  #landed = false;
  #entry: TransferEntry | undefined;
  #ended: { readonly bytesSent: number; readonly state: TransferState } | undefined;

  /** A watch that `table` shows until `over`. */
  static enter(table: RequestTable, facts: RequestFacts, clock: Clock): RequestWatch {
    const watch = new RequestWatch(facts, clock);
    watch.#entry = table.start((id, nowMs) => watch.snapshot(id, nowMs));
    return watch;
  }

  constructor(facts: RequestFacts, clock: Clock) {
    this.#facts = facts;
    this.#startedAtMs = clock.now();
  }

  /** The cache has answered; `lengthBytes` of `body` are to be sent. */
  answered(body: WatchedBody, lengthBytes: number | null): void {
    this.#body = body;
    this.#lengthBytes = lengthBytes;
    this.#send = undefined;
  }

  /** A send goes on; `sentBefore` bytes of the body went out in earlier ones. */
  sending(view: SendView, sentBefore: number): void {
    this.#send = view;
    this.#sentBefore = sentBefore;
  }

  /** The request has ended; `failure` if the client did not get its answer. */
  ended(delivery: Delivery, failure: ErrorCode | null): void {
    const cause = failure ?? causeOf(delivery);
    const state: TransferState = cause === null ? { kind: 'done' } : { kind: 'failed', cause };
    this.#ended = { bytesSent: delivery.bytesSent, state };
  }

  /**
   * Ends the request and removes it once its chunks are committed, so that the last counts are
   * final.
   */
  over(delivery: Delivery, failure: ErrorCode | null): void {
    this.ended(delivery, failure);
    void this.landed().then(() => this.#entry?.end());
  }

  /** Resolves when the chunks that were read are committed or cannot be. Never rejects. */
  async landed(): Promise<void> {
    await this.#body?.landed?.().catch(() => undefined);
    this.#landed = true;
  }

  snapshot(id: string, nowMs: number): RequestSnapshot {
    const progress = this.#body?.progress?.();
    const { receivedBytes, verifiedBytes, committedBytes } = progress ?? NOTHING;
    return {
      id,
      ...this.#facts,
      startedAtMs: this.#startedAtMs,
      answered: this.#body !== undefined,
      lengthBytes: this.#lengthBytes,
      receivedBytes,
      verifiedBytes,
      committedBytes,
      sentBytes: this.#ended?.bytesSent ?? this.#sentBefore + (this.#send?.bytesSent ?? 0),
      state: this.#state(progress?.state ?? null, nowMs),
    };
  }

  /** `source`: what the next byte of the body waits for. */
  #state(source: TransferState | null, nowMs: number): TransferState {
    // The client has every byte; its last chunk is committed later.
    if (this.#ended?.state.kind === 'done' && !this.#landed) return { kind: 'verifying' };
    if (this.#ended !== undefined) return this.#ended.state;
    if (this.#body === undefined) return { kind: 'queued' };
    const send = this.#send;
    if (send === undefined) return source ?? { kind: 'serving' };
    const idleMs = nowMs - send.sinceMs;
    if (send.waitsFor === 'client') {
      const blocked = idleMs < BLOCKED_AFTER_MS ? 'serving' : 'client-blocked';
      return stalledOr(idleMs, 'client', { kind: blocked });
    }
    // Bytes keep arriving: the short waits between them do not count.
    if (idleMs < BLOCKED_AFTER_MS && send.bytesSent > 0) return { kind: 'serving' };
    return source !== null && source.kind !== 'done'
      ? source
      : stalledOr(idleMs, 'disk', { kind: 'serving' });
  }
}

function causeOf(delivery: Delivery): ErrorCode | null {
  switch (delivery.kind) {
    case 'complete':
      return null;
    case 'client-closed':
      return 'client-aborted';
    case 'client-idle':
      return 'client-idle';
    case 'failed':
      return delivery.error.code;
  }
}
