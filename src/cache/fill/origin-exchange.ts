/**
 * The main thread's side of one exchange with an origin: a GET that a worker sends. The head
 * arrives first; then cache/fetch/origin-fetch or cache/fill/stream either stops the exchange or
 * passes it to an Intake, which answers each `want` with a slot. Wraps the message port of an
 * OpenTask.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { JobTicket } from '../../compute/fill-pool.js';
import type { SharedWatermark } from '../../compute/watermark.js';
import type {
  ChunkSlot,
  KnownContent,
  FetchReport,
  OpenEvent,
  OpenReply,
  OpenResult,
  OpenTask,
} from '../../compute/protocol.js';
import { type Deferred, deferred } from '../../model/deferred.js';
import {
  type ErrorReport,
  errorFromReport,
  ForebayError,
  reportError,
} from '../../model/errors.js';
import type { FetchLimits, FetchUrl, OriginHead } from '../../model/fetch.js';
import type { Span } from '../../model/span.js';
import type { Receiving } from '../flight/cost.js';
import type { TransferEntry } from '../../telemetry/transfer-table.js';
import { stateOfFetch } from '../flight/flight-progress.js';
import type { CacheServices } from '../api/services.js';
import type { FetchContext } from '../flight/fetch-context.js';

export interface ExchangeRequest {
  readonly target: FetchUrl;
  /** `null` requests the whole representation. */
  readonly range: { readonly start: number; readonly end: number } | null;
  readonly conditions: Readonly<Record<string, string>>;
  /** Limits that replace the configured ones. */
  readonly limits?: Partial<FetchLimits> | undefined;
}

type BodyEvent = Exclude<OpenEvent, { kind: 'head' | 'interim' | 'trouble' }>;

export class OriginExchange {
  /** Rejects with a `ForebayError` when no head came, after the worker's retries. */
  readonly head: Promise<OriginHead>;
  /** Resolves after the last event. Never rejects: a failure is a result. */
  readonly result: Promise<OpenResult>;
  /** The request on whose behalf it was sent. */
  readonly fetchContext: FetchContext;
  readonly span: Span | undefined;
  readonly #port: MessagePort;
  readonly #head: Deferred<OriginHead> = deferred();
  /** Resolves when the worker has closed its port: no further event will arrive. */
  readonly #drained: Deferred<undefined> = deferred();
  readonly #control: SharedWatermark;
  #untrack: () => void = () => undefined;
  #onEvent: (event: BodyEvent) => void = () => undefined;
  #early: BodyEvent[] = [];
  #headArrived = false;
  /** Body bytes that became whole chunks: the others count as wasted. */
  #writtenBytes = 0;
  /** The chunk that the body is at. */
  #filling: Receiving | null = null;
  readonly #entry: TransferEntry;
  #failure: ErrorReport | undefined;
  /** True while the worker waits for a reply to its head. */
  #undecided = true;

  private constructor(
    services: CacheServices,
    fetchContext: FetchContext,
    request: ExchangeRequest,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.fetchContext = fetchContext;
    this.#port = port1;
    this.#control = services.watermarks.create();
    this.head = this.#head.promise;
    port1.on('message', (event: OpenEvent) => {
      if (event.kind === 'wrote') {
        this.#writtenBytes += event.chunk.lengthBytes;
        this.#filling = null;
      }
      if (event.kind === 'trouble') fetchContext.troubled?.(errorFromReport(event.error));
      else if (event.kind === 'interim') fetchContext.interim?.(event.head);
      else if (event.kind === 'head') {
        this.#headArrived = true;
        this.#head.resolve(event.head);
      } else if (this.#undecided) this.#early.push(event);
      else this.#onEvent(event);
    });
    // A port that waits must not keep the process alive: the pools do that.
    port1.unref();
    port1.on('close', () => {
      this.#drained.resolve(undefined);
    });
    this.span = fetchContext.span?.child('fill', {
      'forebay.origin': fetchContext.source.upstream.name,
    });
    const { span } = this;
    const { target } = request;
    // Only a target that carries traceparent already gets the span's: another host gets none.
    const traced =
      span !== undefined && 'traceparent' in target.headers
        ? { ...target, headers: { ...target.headers, traceparent: span.traceparent } }
        : target;
    const settle = fetchContext.fetching(this);
    this.#entry = this.#watch(services, fetchContext);
    const ticket = this.#submit(services, fetchContext, { ...request, target: traced }, port2);
    this.result = this.#finish(ticket, port2).then((result) => {
      // An exchange without a body is counted too: its retries matter most when an origin is down.
      services.events.fetchFinished(fetchContext.source.upstream.name, result.stats);
      const { originBytes } = result.stats;
      settle(originBytes);
      const failure = result.kind === 'failed' ? result.error.code : undefined;
      span?.end({ 'forebay.origin_bytes': originBytes }, failure);
      if (originBytes > this.#writtenBytes) {
        services.events.originBytesWasted(originBytes - this.#writtenBytes);
      }
      return result;
    });
  }

  /** Starts an exchange: a worker sends the request as soon as it has a lane. */
  static start(
    services: CacheServices,
    fetchContext: FetchContext,
    request: ExchangeRequest,
  ): OriginExchange {
    return new OriginExchange(services, fetchContext, request);
  }

  /** True until the head arrives; from then on the flights of the body are watched instead. */
  get lacksBytes(): boolean {
    return !this.#headArrived;
  }

  /** Body bytes received so far. */
  get receivedBytes(): number {
    return this.#writtenBytes + (this.#filling?.receivedBytes ?? 0);
  }

  /**
   * Sends the worker the slot of the next chunk of the body; `filling` counts its bytes. `content`,
   * sent with the first slot: facts about the body that are not in its head.
   */
  place(slot: ChunkSlot, filling: Receiving, content?: KnownContent): void {
    this.#filling = filling;
    this.reply({ kind: 'slot', slot, ...(content !== undefined && { content }) });
  }

  /** Current phase and last activity of the worker; flights fed by this body report it. */
  get fetch(): Pick<SharedWatermark, 'phase' | 'activeAtMs'> {
    return this.#control;
  }

  /** Replies to the worker's `head` or `want` event. */
  reply(reply: OpenReply): void {
    this.#undecided = false;
    // From here on the flights of its body are listed instead.
    this.#entry.drop();
    this.#port.postMessage(reply);
  }

  /** Calls `onEvent` for each body event from now on, and for those that came before. */
  listen(onEvent: (event: BodyEvent) => void): void {
    this.#onEvent = onEvent;
    for (const event of this.#early.splice(0)) onEvent(event);
  }

  /** Stops the exchange and drops its connection, unless the response had no body. */
  stop(): void {
    // While the worker waits, a reply is enough; a response without a body keeps its connection.
    if (this.#undecided) this.reply({ kind: 'stop' });
    else this.#control.cancel();
  }

  #submit(
    services: CacheServices,
    fetchContext: FetchContext,
    request: ExchangeRequest,
    port: MessagePort,
  ): JobTicket<OpenResult> {
    const { upstream } = fetchContext.source;
    return services.pools.fill.submit<OpenTask>({
      originName: upstream.name,
      maxConnections: upstream.maxConnections,
      priority: fetchContext.priority,
      receivedBytes: () => this.receivedBytes,
      makeTask: (lane) => {
        this.#untrack = services.progress.track(this);
        return {
          task: {
            kind: 'open',
            lane,
            ...request,
            chunkSizeBytes: services.limits.chunkSizeBytes,
            limits: { ...services.limits.fetch, ...request.limits },
            control: this.#control.shared,
            port,
          },
          transferList: [port],
        };
      },
    });
  }

  async #finish(ticket: JobTicket<OpenResult>, remote: MessagePort): Promise<OpenResult> {
    let result: OpenResult;
    try {
      result = await ticket.result;
    } catch (error) {
      // Close both ends: a task that never reached a worker left `remote` here, and one that broke
      // in a worker may have left its end open.
      remote.close();
      this.#port.close();
      result = { kind: 'failed', error: reportError(error), ...NO_REPORT };
    }
    this.#untrack();
    // The result does not come through the events' port, and may have overtaken the last event.
    await this.#drained.promise;
    if (result.kind === 'failed') {
      this.#failure = result.error;
      this.#entry.end();
      this.#head.reject(errorFromReport(result.error));
    } else this.#head.reject(new ForebayError('cancelled', STOPPED_EARLY, NOT_RETRYABLE));
    this.#entry.drop();
    return result;
  }

  /** Lists the exchange in the table of fills until its body's flights are listed. */
  #watch(services: CacheServices, { source }: FetchContext): TransferEntry {
    const startedAtMs = services.clock.now();
    return services.fills.start((id, nowMs) => ({
      id,
      origin: source.upstream.name,
      uri: source.uri,
      startedAtMs,
      chunk: null,
      lengthBytes: null,
      receivedBytes: 0,
      verifiedBytes: 0,
      committedBytes: 0,
      state:
        this.#failure === undefined
          ? stateOfFetch(this.#control, nowMs)
          : { kind: 'failed', cause: this.#failure.code },
    }));
  }
}

/** The report of a fetch that no worker completed. */
const NO_REPORT: FetchReport = {
  stats: { originBytes: 0, statuses: [], retries: [], stalls: 0 },
  diskFailure: null,
};
const STOPPED_EARLY = 'the fetch was stopped before the origin sent a response head';
const NOT_RETRYABLE = { source: 'internal', retryable: false } as const;
