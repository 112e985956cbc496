/**
 * One request and its response through undici: adapts undici's handler callbacks to a `BodySink`
 * and adds the checks and timers that undici lacks. Started by undici-client.
 */
import type { Dispatcher } from 'undici';
import type { ForebayError } from '../model/errors.js';
import { isFieldValue } from '../model/field-syntax.js';
import type { BodySink, FetchOutcome, HeadVerdict, OriginRequest } from '../model/fetch.js';
import { headersFromRaw } from '../model/headers.js';
import type { Clock } from '../model/time.js';
import { BodyWatch } from './body-watch.js';
import type { ExchangeEnd } from './exchange-end.js';
import { answerOfProxy } from './proxy-error.js';
import { requestedProxy } from './reach.js';
import { contentLengthOf } from './response-head.js';
import { SinkFeeder } from './sink-feeder.js';
import {
  cancelledError,
  protocolError,
  resetError,
  timeoutError,
  transportError,
} from './transport-error.js';

type Controller = Dispatcher.DispatchController;

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'head' }
  | { readonly kind: 'verdict' }
  | { readonly kind: 'body' }
  | { readonly kind: 'done' };

export class UndiciExchange implements Dispatcher.DispatchHandler {
  readonly #request: OriginRequest;
  readonly #sink: BodySink;
  readonly #clock: Clock;
  readonly #finish: (end: ExchangeEnd) => void;
  readonly #feeder: SinkFeeder;
  #controller: Controller | undefined;
  #state: State = { kind: 'connecting' };
  #watch: BodyWatch | undefined;
  #cancelTimer: () => void;
  #contentLength: number | null = null;
  #bodyBytes = 0;
  #untouched = true;
  /** True when undici has delivered the whole body; bytes may still wait in the feeder. */
  #isWhole = false;
  #keepConnection = true;

  /** `finish` is called exactly once. The connect timeout starts here. */
  constructor(
    request: OriginRequest,
    sink: BodySink,
    clock: Clock,
    finish: (end: ExchangeEnd) => void,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#clock = clock;
    this.#finish = finish;
    this.#feeder = new SinkFeeder(sink, {
      paused: () => {
        this.#watch?.pause();
        this.#controller?.pause();
      },
      drained: () => {
        this.#watch?.resume();
        this.#controller?.resume();
        this.#completeIfWhole();
      },
      failed: (error) => {
        this.#fail(error);
      },
    });
    request.signal.addEventListener('abort', this.#onAbort);
    this.#cancelTimer = this.#limit('connection', request.limits.connectTimeoutMs);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#state.kind === 'done') return;
    this.#state = { kind: 'head' };
    this.#cancelTimer();
    this.#cancelTimer = this.#limit('response head', this.#request.limits.firstByteTimeoutMs);
  }

  onResponseStart(controller: Controller, status: number): void {
    if (this.#state.kind !== 'head') return;
    this.#untouched = false;
    if (status < 200) {
      const headers = headersFromRaw(cleanFields(controller.rawHeaders));
      this.#sink.interim?.({ status, headers, contentLength: null });
      return;
    }
    this.#cancelTimer();
    this.#state = { kind: 'verdict' };
    try {
      const headers = headersFromRaw(cleanFields(controller.rawHeaders));
      const { url, reach } = this.#request.target;
      const proxy = requestedProxy(url, reach);
      const proxyError = proxy && answerOfProxy(proxy, { status, headers });
      if (proxyError !== null) throw proxyError;
      this.#contentLength = contentLengthOf(headers);
      const verdict = this.#sink.head({ status, headers, contentLength: this.#contentLength });
      if (status === 204 || status === 304) {
        // No body follows: Content-Length here describes the representation. undici would wait.
        this.#isWhole = true;
        this.#keepConnection = this.#contentLength === null;
      }
      if (typeof verdict === 'string') {
        this.#decide(verdict);
        this.#completeIfWhole();
      } else {
        const decided = verdict.then((settled) => {
          this.#decide(settled);
        });
        this.#feeder.hold(decided);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#state.kind === 'done') return;
    this.#bodyBytes += chunk.length;
    if (this.#contentLength !== null && this.#bodyBytes > this.#contentLength) {
      this.#fail(protocolError('the body is longer than its Content-Length'));
    } else {
      this.#feeder.push(chunk);
      // Called after the sink, so that the sink's synchronous work does not count as silence.
      this.#watch?.bytes(chunk.length);
    }
  }

  onResponseEnd(): void {
    if (this.#state.kind === 'done' || this.#isWhole) return;
    this.#isWhole = true;
    const missing = (this.#contentLength ?? this.#bodyBytes) - this.#bodyBytes;
    if (missing > 0) this.#fail(resetError(`the body is ${String(missing)} bytes short`));
    else this.#completeIfWhole();
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#fail(undiciError(error, this.#state));
  }

  readonly #onAbort = (): void => {
    this.#fail(cancelledError());
  };

  #limit(what: string, ms: number): () => void {
    return this.#clock.after(ms, () => {
      this.#fail(timeoutError(`no ${what} within ${String(ms)} ms`));
    });
  }

  #decide(verdict: HeadVerdict): void {
    if (this.#state.kind !== 'verdict') return;
    if (verdict === 'refuse') {
      // Closing the connection is cheaper than reading a body only to discard it.
      this.#end({ kind: 'refused' }, this.#isWhole && this.#keepConnection);
      return;
    }
    this.#state = { kind: 'body' };
    this.#watch = new BodyWatch(this.#clock, this.#request.limits, (error) => {
      this.#fail(error);
    });
  }

  #completeIfWhole(): void {
    if (this.#state.kind !== 'body' || !this.#isWhole || !this.#feeder.idle) return;
    this.#end({ kind: 'complete', bodyBytes: this.#bodyBytes }, this.#keepConnection);
  }

  #fail(error: unknown): void {
    this.#settle({ kind: 'failed', error, untouched: this.#untouched });
  }

  #end(outcome: FetchOutcome, keepConnection: boolean): void {
    this.#settle({ kind: 'outcome', outcome, keepConnection });
  }

  #settle(end: ExchangeEnd): void {
    if (this.#state.kind === 'done') return;
    this.#state = { kind: 'done' };
    this.#cancelTimer();
    this.#watch?.stop();
    this.#feeder.stop();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#finish(end);
  }
}

/** Maps an error of undici: a broken connection, a malformed message or one that was cut off. */
function undiciError(error: Error, state: State): ForebayError {
  if (state.kind === 'connecting') return transportError(error, 'connecting');
  const isSyntax = error.name === 'HTTPParserError' || error.name === 'HeadersOverflowError';
  const isLength = error.name === 'ResponseContentLengthMismatchError';
  // llhttp calls the end of the connection within a chunked body an invalid EOF state.
  const isCutOff = isSyntax && error.message.includes('EOF');
  const inHead = state.kind === 'head';
  if ((isSyntax && !isCutOff) || (isLength && inHead)) {
    return protocolError(`a malformed response: ${error.message}`);
  }
  return transportError(error, 'connected');
}

/** Returns undici's flat list of names and values without fields that must not reach a client. */
function cleanFields(raw: Controller['rawHeaders']): string[] {
  if (!Array.isArray(raw)) throw protocolError('the response head has no fields');
  const texts = raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  const clean: string[] = [];
  for (let i = 0; i + 1 < texts.length; i += 2) {
    const [name = '', value = ''] = texts.slice(i, i + 2);
    if (isFieldValue(value)) clean.push(name, value);
  }
  return clean;
}
