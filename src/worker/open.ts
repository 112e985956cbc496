/**
 * Runs an `OpenTask`: the first fetch of a URL, a revalidation, or a stream of the whole. Sends one
 * GET and retries it until a usable response arrives. Posts the head to the main thread and writes
 * the body into the slots that the main thread replies with.
 */
import type { FetchReport, OpenResult, OpenTask } from '../compute/protocol.js';
import { WatermarkWriter } from '../compute/watermark.js';
import { type ForebayError, reportError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { isWorthRetrying, retryDelayMs, statusError } from '../origin/retry.js';
import { CancelWatch } from './cancel-watch.js';
import type { WorkerContext } from './context.js';
import { asFault, cancelledFault, originFault } from './faults.js';
import { StatsCollector } from './fetch-stats.js';
import { type OpenBody, rangeBody, streamBody } from './open-body.js';
import { OpenChannel } from './open-channel.js';
import { judgeOpenHead, type OpenVerdict } from './open-verdict.js';
import type { FetchSession, RangeOutcome } from './range-fetch.js';
import { ResponseSink } from './response-sink.js';

/** Runs the task; exchanges events and replies over `task.port`. Never rejects. */
export async function openResource(task: OpenTask, context: WorkerContext): Promise<OpenResult> {
  const buffer = context.buffers.take();
  const channel = new OpenChannel(task.port);
  const control = new WatermarkWriter(task.control, [], context.clock);
  const opening = new Opening(task, context, buffer, channel, control);
  try {
    return await opening.run();
  } finally {
    opening.stop();
    channel.close();
    context.buffers.give(buffer);
  }
}

/** How one attempt proceeded after its head; `none` before a head. */
type Response =
  | { readonly kind: 'none' }
  | { readonly kind: 'head-only' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'refused'; readonly error: ForebayError }
  | { readonly kind: 'reading'; readonly body: OpenBody };

class Opening {
  readonly #task: OpenTask;
  readonly #buffer: Uint8Array;
  readonly #channel: OpenChannel;
  readonly #session: FetchSession;
  #attempts = 0;
  #body: OpenBody | null = null;

  constructor(
    task: OpenTask,
    context: WorkerContext,
    buffer: Uint8Array,
    channel: OpenChannel,
    control: WatermarkWriter,
  ) {
    this.#task = task;
    this.#buffer = buffer;
    this.#channel = channel;
    const isCancelled = (): boolean => control.cancelled || this.#body?.cancelled === true;
    const cancel = new CancelWatch(isCancelled, context.clock);
    // Ends a wait for a reply: the main thread sends none to a task that it has cancelled.
    cancel.signal.addEventListener('abort', () => {
      channel.close();
    });
    const { lane, target, limits } = task;
    const stats = new StatsCollector();
    this.#session = { context, lane, target, limits, stats, cancel, progress: control };
  }

  stop(): void {
    this.#session.cancel.stop();
  }

  async run(): Promise<OpenResult> {
    let result = await this.#attempt();
    while (result === null) result = await this.#attempt();
    return result;
  }

  /** Sends one request. Resolves with the task's result, or with `null` for another attempt. */
  async #attempt(): Promise<OpenResult | null> {
    const { context, cancel, stats, progress } = this.#session;
    if (cancel.isCancelled()) return this.#failed(cancelledFault());
    const { target, lane, limits, range, conditions } = this.#task;
    this.#attempts++;
    let response: Response = { kind: 'none' };
    const sink = new ResponseSink({
      stats,
      cancel,
      interim: (head) => {
        this.#channel.tell({ kind: 'interim', head });
      },
      decide: (head) => {
        const decided = this.#decide(head);
        const take = (next: Response): OpenBody | null => {
          response = next;
          return next.kind === 'reading' ? next.body : null;
        };
        return decided instanceof Promise ? decided.then(take) : take(decided);
      },
    });
    progress.enter('connecting');
    let broke: ForebayError | null = null;
    try {
      const request = { target, lane, range, conditions, limits, signal: cancel.signal };
      await context.client.fetch(request, sink);
      await sink.ended();
    } catch (error) {
      broke = asFault(error);
    }
    await sink.settled();
    return this.#ended(response, broke, sink.failure);
  }

  async #ended(
    response: Response,
    broke: ForebayError | null,
    failure: ForebayError | null,
  ): Promise<OpenResult | null> {
    if (this.#session.cancel.isCancelled()) return this.#failed(cancelledFault());
    switch (response.kind) {
      case 'head-only':
      case 'stopped':
        return { ...this.#report(), kind: 'stopped' };
      case 'refused':
        return this.#retryAfter(response.error);
      case 'none':
        return this.#retryAfter(broke ?? originFault('origin-protocol', 'no response head'));
      case 'reading': {
        const { body } = response;
        if (body.stopped) return { ...this.#report(), kind: 'stopped' };
        if (failure !== null) return this.#failed(failure);
        // A stream of unknown length is whole when the client has read it to its framing's end.
        if (body.whole || (broke === null && body.plan.bodyEnd === null)) return this.#whole(body);
        return this.#resume(body, broke);
      }
    }
  }

  #decide(head: OriginHead): Response | Promise<Response> {
    const { range } = this.#task;
    this.#session.progress.enter('receiving');
    const verdict = judgeOpenHead(head, range, this.#session.context.clock.now());
    switch (verdict.kind) {
      case 'head-only':
        this.#channel.tell({ kind: 'head', head });
        return { kind: 'head-only' };
      case 'busy':
        if (this.#mayRetry(verdict.error)) return { kind: 'refused', error: verdict.error };
        return this.#askForSlot(head, { kind: 'stream', lengthBytes: head.contentLength });
      case 'range':
      case 'stream':
        return this.#askForSlot(head, verdict);
    }
  }

  async #askForSlot(
    head: OriginHead,
    verdict: Extract<OpenVerdict, { kind: 'range' | 'stream' }>,
  ): Promise<Response> {
    const reply = await this.#channel.ask({ kind: 'head', head });
    if (reply.kind === 'stop') return { kind: 'stopped' };
    const { context } = this.#session;
    const parts = { head, slot: reply.slot, buffer: this.#buffer, channel: this.#channel, context };
    const { range, chunkSizeBytes } = this.#task;
    if (verdict.kind === 'stream') {
      const content = reply.content ?? { lengthBytes: verdict.lengthBytes, coding: '' };
      this.#body = streamBody(parts, content, chunkSizeBytes);
    } else {
      const { completeLength } = verdict;
      if (completeLength === null || range === null) {
        // `bytes 0-99/*` is legal, but does not determine where a chunk ends.
        const error = originFault('origin-range-mismatch', 'the 206 has no complete length');
        return { kind: 'refused', error };
      }
      this.#body = rangeBody(parts, { ...verdict, completeLength }, range.end);
    }
    return { kind: 'reading', body: this.#body };
  }

  async #resume(body: OpenBody, broke: ForebayError | null): Promise<OpenResult> {
    if (body.resume === null) {
      const message = 'the body is shorter than requested and cannot be resumed';
      return this.#failed(broke ?? originFault('origin-range-mismatch', message));
    }
    const outcome = await body.resume(broke, this.#session);
    if (body.stopped) return { ...this.#report(), kind: 'stopped' };
    if (outcome.kind === 'delivered') return this.#whole(body);
    return this.#failed(this.#resumeError(outcome));
  }

  #resumeError(outcome: Exclude<RangeOutcome, { kind: 'delivered' }>): ForebayError {
    switch (outcome.kind) {
      case 'failed':
        return outcome.error;
      case 'resolve-again': {
        const nowMs = this.#session.context.clock.now();
        return statusError(outcome.head, nowMs);
      }
      case 'changed':
        return originFault('origin-changed', 'the representation changed during the transfer');
      case 'no-ranges':
        return originFault('origin-range-mismatch', 'the origin no longer answers range requests');
    }
  }

  #whole(body: OpenBody): OpenResult {
    try {
      return { ...this.#report(), kind: 'complete', lengthBytes: body.finish() };
    } catch (error) {
      return this.#failed(asFault(error));
    }
  }

  #failed(error: ForebayError): OpenResult {
    if (error.code === 'cancelled') this.#body?.abandon();
    return { ...this.#report(), kind: 'failed', error: reportError(error) };
  }

  #mayRetry(error: ForebayError): boolean {
    const { limits } = this.#task;
    // Some clients must get a 429 at once: they retry by themselves.
    if (limits.isRateFinal === true && error.originStatus === 429) return false;
    return isWorthRetrying(error, limits) && this.#attempts < limits.maxAttempts;
  }

  async #retryAfter(error: ForebayError): Promise<OpenResult | null> {
    const { stats, cancel, context, limits, progress } = this.#session;
    stats.broke(error.code);
    if (!this.#mayRetry(error)) return this.#failed(error);
    stats.retried(error.code);
    this.#channel.tell({ kind: 'trouble', error: reportError(error) });
    progress.enter('throttled');
    const backoff = this.#attempts - 1;
    await cancel.pause(retryDelayMs(backoff, limits, context.random, error.retryAfterMs));
    return null;
  }

  #report(): FetchReport {
    return { stats: this.#session.stats.stats, diskFailure: this.#body?.diskFailure ?? null };
  }
}
