/**
 * One request from its head to its access line: screen, look up, reply, deliver, record.
 * http/server starts one for each request when its turn comes.
 */
import type { IncomingMessage } from 'node:http';
import type { CacheAnswer, CacheRequest, ReadCost } from '../../cache/api/facade.js';
import { type ErrorReport, reportError } from '../../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { Span } from '../../model/span.js';
import { admit } from '../access/admit.js';
import { allowedMethods } from '../request/allow.js';
import type { PartialSend } from './partial-send.js';
import { clientKey } from '../request/client-key.js';
import { contextOf } from './context.js';
import { withCors } from '../access/cross-origin.js';
import { cut, deliver, type Delivery, replyLength } from './deliver.js';
import { interimTo } from './interim.js';
import { lookUp } from './lookup-span.js';
import { hintOf } from '../request/range-header.js';
import { endSpan, type Ended, exchangeRecord, recordFailure } from './record.js';
import { contentToPass, isContentDeclared } from '../request/request-content.js';
import {
  type Reply,
  type ReplyContext,
  replyToAnswer,
  replyToError,
  replyToOptions,
  replyToPassed,
  replyToPreflight,
  replyToRefusal,
} from '../reply/respond.js';
import { RequestWatch } from './request-watch.js';
import type { ExchangeDeps } from './deps.js';
import type { RefusalReason, Screened } from '../request/screen.js';
import type { TimedResponse } from './timed-response.js';

/**
 * The stored response turned out to be outdated or wrong. If nothing was sent yet, a new lookup can
 * still answer.
 */
const OUTDATED: ReadonlySet<Code> = new Set(['origin-changed', 'origin-corrupt', 'purged']);

/** Lookups for one request: a second failure is the origin's last word. */
const MAX_LOOKUPS = 2;

/** The cost of what never came to a body. */
const NOTHING: ReadCost = { originBytes: 0, collapsed: false };

type Code = ErrorReport['code'];
type Accepted = Extract<Screened, { kind: 'accepted' }>;
type Passed = Extract<Screened, { kind: 'passed' }>;

/** The client has left: there is no one to answer. */
const CLIENT_GONE: ReadonlySet<Code> = new Set(['client-aborted', 'client-idle']);

/** One request and what answering it needs. `run` or `resume` once. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: TimedResponse;
  readonly #deps: ExchangeDeps;
  #context: ReplyContext;
  readonly #ownUrl: string;
  readonly #startedAt: number;
  readonly #span: Span | undefined;
  #headAt: number | null = null;
  /** Bytes of the body that were out before this began. */
  #from = 0;
  #watch: RequestWatch | undefined;
  /** CORS fields of the answer. */
  #fields: HeaderMap = emptyHeaders();

  constructor(request: IncomingMessage, response: TimedResponse, deps: ExchangeDeps) {
    this.#request = request;
    this.#response = response;
    this.#deps = deps;
    this.#startedAt = deps.clock.monotonic();
    const { context, own, span } = contextOf(request, deps, deps.clock.now());
    this.#context = context;
    this.#ownUrl = own;
    this.#span = span;
  }

  /**
   * Answers the request, or destroys its connection if it cannot be answered cleanly. `refusal`:
   * the server refuses the request whatever it is. Never rejects.
   */
  run(refusal: RefusalReason | null): Promise<void> {
    this.#response.onHead = () => {
      this.#headAt = this.#deps.clock.monotonic();
    };
    return this.#recorded(() => this.#answer(refusal));
  }

  /** Sends the rest of a partly sent answer. Never rejects. */
  resume(partial: PartialSend): Promise<void> {
    this.#headAt = this.#startedAt;
    this.#from = partial.bytesSent;
    this.#context = { ...this.#context, requestId: partial.requestId };
    return this.#recorded(async () => {
      this.#show(this.#context.method, partial.origin, partial.target);
      const answer = partial.answer(this.#cacheRequest(partial.origin, partial.target));
      if (answer === undefined) throw new Error('the stored response went away while it was sent');
      try {
        const ended = await this.#reply(answer, partial.reply(answer), false);
        if (ended === 'look-again') throw new Error('a head was sent');
        return ended;
      } finally {
        answer.body.close();
      }
    });
  }

  async #recorded(answer: () => Promise<Ended>): Promise<void> {
    const { clock, telemetry } = this.#deps;
    telemetry.metrics.requestStarted();
    let ended: Ended;
    try {
      ended = await answer();
    } catch (error) {
      ended = this.#broken(reportError(error));
    }
    const record = exchangeRecord(this.#request, this.#context, ended, {
      startedAt: this.#startedAt,
      headAt: this.#headAt,
      endedAt: clock.monotonic(),
    });
    this.#watch?.over(ended.delivery, ended.kind === 'failed' ? ended.error.code : null);
    telemetry.metrics.requestFinished(record);
    telemetry.accessLog.requestFinished(record);
    if (this.#span !== undefined) endSpan(this.#span, record);
  }

  async #answer(refusal: RefusalReason | null): Promise<Ended> {
    if (refusal !== null) return this.#refuse(refusal);
    const { request, fields } = admit(this.#request, this.#context.headers, this.#deps);
    this.#fields = fields;
    switch (request.kind) {
      case 'refused':
        return this.#refuse(request.reason);
      case 'preflight':
        return this.#own(replyToPreflight(this.#context));
      case 'own-options':
        return this.#own(replyToOptions(this.#context, this.#allowed()));
      case 'passed':
        return this.#pass(request);
      case 'accepted':
        return this.#fromCache(request);
    }
  }

  async #own(reply: Reply): Promise<Ended> {
    return { kind: 'own', status: reply.head.status, delivery: await this.#deliver(reply) };
  }

  async #refuse(reason: RefusalReason): Promise<Ended> {
    this.#deps.telemetry.metrics.requestRejected(reason);
    const reply = replyToRefusal(reason, this.#context, this.#allowed());
    // Before the head, so that who waits behind it on this connection is not answered.
    if (reply.head.headers['connection'] === 'close') this.#response.shouldKeepAlive = false;
    const delivery = await this.#deliver(reply);
    return { kind: 'refused', reason, status: reply.head.status, delivery };
  }

  #allowed(): string {
    return allowedMethods(this.#request.url ?? '', this.#deps.mounts);
  }

  async #pass({ method, origin, target, framing }: Passed): Promise<Ended> {
    const { headers } = this.#context;
    this.#show(method, origin, target);
    const content = contentToPass(this.#request, this.#response, framing);
    const signal = this.#response.leaving();
    let answer: CacheAnswer;
    try {
      const client = clientKey(this.#request.socket.remoteAddress);
      const own = this.#ownUrl;
      const interim = interimTo(this.#request, this.#response);
      const request = { origin, target, method, headers, own, content, client, signal, interim };
      answer = await this.#deps.passing.pass(request);
    } catch (error) {
      return await this.#failed(reportError(error), NOTHING);
    }
    try {
      const ended = await this.#reply(answer, replyToPassed(answer, this.#context), false);
      if (ended === 'look-again') throw new Error('there is nothing to look up');
      return ended;
    } finally {
      answer.body.close();
    }
  }

  #cacheRequest(origin: string, target: string): CacheRequest {
    const { method, headers, range } = this.#context;
    const hint = method === 'HEAD' ? ({ kind: 'none' } as const) : hintOf(range);
    const client = clientKey(this.#request.socket.remoteAddress);
    const signal = this.#response.leaving();
    const own = this.#ownUrl;
    const interim = interimTo(this.#request, this.#response);
    const span = this.#span;
    return { origin, target, method, headers, own, hint, client, signal, interim, span };
  }

  async #fromCache({ method, origin, target }: Accepted): Promise<Ended> {
    this.#show(method, origin, target);
    const request = this.#cacheRequest(origin, target);
    for (let lookups = 1; ; lookups += 1) {
      let answer: CacheAnswer;
      try {
        answer = await lookUp(this.#deps.cache, request);
      } catch (error) {
        return await this.#failed(reportError(error), NOTHING);
      }
      try {
        const reply = replyToAnswer(answer, this.#context);
        const ended = await this.#reply(answer, reply, lookups < MAX_LOOKUPS);
        if (ended !== 'look-again') return ended;
      } finally {
        answer.body.close();
      }
    }
  }

  /** Enters the request in the table of those that run; `run` takes it out. */
  #show(method: string, origin: string, target: string): void {
    const { headers, requestId } = this.#context;
    const range = headerValue(headers, 'range') ?? null;
    const { clock, requests } = this.#deps;
    const facts = { requestId, method, origin, target, range };
    this.#watch = RequestWatch.enter(requests, facts, clock);
  }

  async #reply(
    answer: CacheAnswer,
    reply: Reply,
    mayLookAgain: boolean,
  ): Promise<Ended | 'look-again'> {
    this.#watch?.answered(answer.body, replyLength(reply));
    const delivery = await this.#deliver(reply);
    const cost = answer.body.cost();
    if (delivery.kind !== 'failed') {
      if (delivery.kind !== 'complete') this.#response.destroy();
      const { status } = reply.head;
      return { kind: 'answered', outcome: answer.outcome, status, delivery, cost };
    }
    if (!this.#response.headersSent) {
      const { code, retryable } = delivery.error;
      if (mayLookAgain && retryable && OUTDATED.has(code)) return 'look-again';
      return this.#failed(delivery.error, cost, answer.instead?.(delivery.error));
    }
    cut(this.#response, reply);
    recordFailure(this.#deps.telemetry, this.#context, delivery.error);
    const { status } = reply.head;
    return { kind: 'failed', error: delivery.error, status, delivery, cost };
  }

  /** Nothing was sent: the failure becomes the answer, if the client is still connected. */
  async #failed(error: ErrorReport, cost: ReadCost, instead?: CacheAnswer): Promise<Ended> {
    const reply =
      instead === undefined
        ? replyToError(error, this.#context)
        : replyToAnswer(instead, this.#context);
    if (this.#response.destroyed || CLIENT_GONE.has(error.code)) {
      this.#response.destroy();
      const delivery = { kind: 'client-closed', bytesSent: 0 } as const;
      return { kind: 'failed', error, status: reply.head.status, delivery, cost };
    }
    recordFailure(this.#deps.telemetry, this.#context, error);
    const delivery = await this.#deliver(reply);
    return { kind: 'failed', error, status: reply.head.status, delivery, cost };
  }

  #broken(error: ErrorReport): Ended {
    recordFailure(this.#deps.telemetry, this.#context, error);
    this.#response.destroy();
    const delivery: Delivery = { kind: 'failed', error, bytesSent: 0 };
    return { kind: 'failed', error, status: 500, delivery, cost: NOTHING };
  }

  #deliver(reply: Reply): Promise<Delivery> {
    // Unread content of an answered request would have to be read and dropped.
    if (!this.#request.complete && isContentDeclared(this.#context.headers)) {
      this.#response.shouldKeepAlive = false;
    }
    const headers = withCors(reply.head.headers, this.#fields);
    const complete = { ...reply, head: { ...reply.head, headers } };
    return deliver(this.#response, complete, this.#deps.sender, this.#watch, this.#from);
  }
}
