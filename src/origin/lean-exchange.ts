/**
 * One request and its response on a lean connection: the state machine between socket and sink.
 * Started by lean-client, which then keeps or closes the connection.
 */
import type { BodySink, FetchOutcome, HeadVerdict, OriginRequest } from '../model/fetch.js';
import type { ProxyAddress } from '../model/reach.js';
import type { Clock } from '../model/time.js';
import { BodyFrame } from './body-frame.js';
import { BodyWatch } from './body-watch.js';
import type { ExchangeEnd } from './exchange-end.js';
import type { ConnectionUser, LeanConnection } from './lean-connection.js';
import { answerOfProxy } from './proxy-error.js';
import { requestedProxy } from './reach.js';
import { ResponseHeadParser, type ParsedHead } from './response-head.js';
import { SinkFeeder } from './sink-feeder.js';
import {
  cancelledError,
  protocolError,
  resetError,
  timeoutError,
  transportError,
} from './transport-error.js';

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'head' }
  /** Waits for the sink's verdict; body bytes that came with the head wait in the feeder. */
  | { readonly kind: 'verdict'; readonly parsed: ParsedHead; readonly frame: BodyFrame }
  | { readonly kind: 'body'; readonly parsed: ParsedHead; readonly frame: BodyFrame }
  | { readonly kind: 'done' };

export class LeanExchange implements ConnectionUser {
  readonly #request: OriginRequest;
  readonly #head: string;
  readonly #sink: BodySink;
  readonly #clock: Clock;
  readonly #finish: (end: ExchangeEnd) => void;
  readonly #parser: ResponseHeadParser;
  readonly #feeder: SinkFeeder;
  readonly #connection: LeanConnection;
  /** The proxy that gets the request itself and may answer instead of the origin. */
  readonly #proxy: ProxyAddress | null;
  #state: State = { kind: 'connecting' };
  #watch: BodyWatch | undefined;
  #cancelTimer: () => void = () => undefined;
  #bodyBytes = 0;
  /** True when the origin has closed its side; earlier bytes may still wait in the feeder. */
  #eof = false;
  /** True when bytes followed the body: the connection cannot carry another response. */
  #hasSurplus = false;
  #completing = false;

  /** `finish` is called exactly once. `head` is the serialised request. */
  constructor(
    request: OriginRequest,
    head: string,
    sink: BodySink,
    connection: LeanConnection,
    clock: Clock,
    finish: (end: ExchangeEnd) => void,
  ) {
    this.#request = request;
    this.#proxy = requestedProxy(request.target.url, request.target.reach);
    this.#head = head;
    this.#sink = sink;
    this.#connection = connection;
    this.#clock = clock;
    this.#finish = finish;
    this.#parser = new ResponseHeadParser((interim) => sink.interim?.(interim));
    this.#feeder = new SinkFeeder(sink, {
      paused: () => {
        this.#watch?.pause();
        this.#connection.pause();
      },
      drained: () => {
        this.#drained();
      },
      failed: (error) => {
        this.#fail(error);
      },
    });
    request.signal.addEventListener('abort', this.#onAbort);
  }

  /** Sends the request, on a new connection as soon as it is connected. */
  start(connection: 'new' | 'kept'): void {
    if (connection === 'kept') {
      this.connected();
      return;
    }
    const { connectTimeoutMs } = this.#request.limits;
    this.#cancelTimer = this.#clock.after(connectTimeoutMs, () => {
      this.#fail(timeoutError(`no connection within ${String(connectTimeoutMs)} ms`));
    });
  }

  connected(): void {
    this.#cancelTimer();
    this.#state = { kind: 'head' };
    const { firstByteTimeoutMs } = this.#request.limits;
    this.#cancelTimer = this.#clock.after(firstByteTimeoutMs, () => {
      this.#fail(timeoutError(`no response head within ${String(firstByteTimeoutMs)} ms`));
    });
    this.#connection.write(this.#head);
  }

  space(): Uint8Array | undefined {
    if (this.#state.kind !== 'body') return undefined;
    const { directBytes } = this.#state.frame;
    return directBytes === 0 ? undefined : this.#feeder.space()?.subarray(0, directBytes);
  }

  landed(count: number): void {
    if (this.#state.kind !== 'body') return;
    this.#state.frame.landed(count);
    this.#bodyBytes += count;
    this.#feeder.landed(count);
    // Called after the sink, so that the sink's synchronous work does not count as silence.
    this.#watch?.bytes(count);
    this.#completeIfWhole();
  }

  received(bytes: Uint8Array): void {
    switch (this.#state.kind) {
      case 'connecting':
        this.#fail(protocolError('the origin sent bytes before the request was sent'));
        return;
      case 'head':
        this.#receiveHead(bytes);
        return;
      case 'verdict':
      case 'body':
        this.#receiveBody(this.#state.frame, bytes);
        return;
      case 'done':
        return;
    }
  }

  ended(): void {
    this.#eof = true;
    this.#judgeEof();
  }

  lost(error: unknown): void {
    const isWhole = this.#state.kind === 'body' && this.#state.frame.whole;
    if (error === undefined || isWhole) this.ended();
    else {
      const phase = this.#state.kind === 'connecting' ? 'connecting' : 'connected';
      this.#fail(transportError(error, phase));
    }
  }

  readonly #onAbort = (): void => {
    this.#fail(cancelledError());
  };

  #receiveHead(bytes: Uint8Array): void {
    let parsed: ParsedHead | undefined;
    try {
      parsed = this.#parser.push(bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (parsed === undefined) return;
    this.#cancelTimer();
    if (parsed.framing.kind === 'beyond') {
      this.#end({ kind: 'unsupported-framing', feature: parsed.framing.feature }, false);
      return;
    }
    const proxyError = this.#proxy && answerOfProxy(this.#proxy, parsed.head);
    if (proxyError !== null) {
      this.#fail(proxyError);
      return;
    }
    const frame = new BodyFrame(parsed.framing);
    this.#state = { kind: 'verdict', parsed, frame };
    let verdict: HeadVerdict | Promise<HeadVerdict>;
    try {
      verdict = this.#sink.head(parsed.head);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const rest = bytes.subarray(parsed.bodyStart);
    if (typeof verdict === 'string') {
      this.#decide(verdict, rest.length);
    } else {
      const decided = verdict.then((settled) => {
        this.#decide(settled, 0);
      });
      this.#feeder.hold(decided);
    }
    this.received(rest);
  }

  /** `uncounted`: the number of bytes that came with the head and were not yet passed on. */
  #decide(verdict: HeadVerdict, uncounted: number): void {
    if (this.#state.kind !== 'verdict') return;
    const { parsed, frame } = this.#state;
    if (verdict === 'refuse') {
      // Closing the connection is cheaper than reading a body only to discard it.
      this.#end({ kind: 'refused' }, frame.whole && uncounted === 0 && parsed.keepAlive);
      return;
    }
    this.#state = { kind: 'body', parsed, frame };
    this.#watch = new BodyWatch(this.#clock, this.#request.limits, (error) => {
      this.#fail(error);
    });
    this.#completeIfWhole();
    if (this.#eof) this.#judgeEof();
  }

  #receiveBody(frame: BodyFrame, bytes: Uint8Array): void {
    const before = this.#bodyBytes;
    try {
      const taken = frame.take(bytes, (piece) => {
        this.#bodyBytes += piece.length;
        this.#feeder.push(piece);
      });
      if (taken < bytes.length) this.#hasSurplus = true;
    } catch (error) {
      this.#fail(error);
      return;
    }
    // Only content counts as activity: chunk extensions and trailers could go on for ever.
    if (this.#bodyBytes > before) this.#watch?.bytes(this.#bodyBytes - before);
    this.#completeIfWhole();
  }

  #drained(): void {
    this.#watch?.resume();
    this.#connection.resume();
    if (this.#eof) this.#judgeEof();
    this.#completeIfWhole();
  }

  /**
   * Completes the exchange two turns of the event loop after the last byte, so that Node first
   * reads bytes beyond the body that the kernel already holds. They cost the connection; otherwise
   * they would become the beginning of the next response. Two turns, because Node polls a
   * connection that was paused until now only in the next turn.
   */
  #completeIfWhole(): void {
    if (this.#state.kind !== 'body' || !this.#state.frame.whole) return;
    if (!this.#feeder.idle || this.#completing) return;
    this.#completing = true;
    const { keepAlive } = this.#state.parsed;
    this.#watch?.stop();
    setImmediate(() => {
      setImmediate(() => {
        const outcome = { kind: 'complete', bodyBytes: this.#bodyBytes } as const;
        this.#end(outcome, keepAlive && !this.#eof && !this.#hasSurplus);
      });
    });
  }

  /** Completes or fails the exchange after the origin has closed its side. */
  #judgeEof(): void {
    switch (this.#state.kind) {
      case 'connecting':
      case 'head':
        this.#fail(resetError('the origin closed the connection before a complete head'));
        return;
      case 'body': {
        const { frame } = this.#state;
        const error = frame.atEnd();
        if (error !== undefined) this.#fail(error);
        else if (!frame.whole && this.#feeder.idle) {
          this.#end({ kind: 'complete', bodyBytes: this.#bodyBytes }, false);
        }
        return;
      }
      case 'verdict':
      case 'done':
        return;
    }
  }

  #fail(error: unknown): void {
    this.#settle({ kind: 'failed', error, untouched: this.#parser.untouched });
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
