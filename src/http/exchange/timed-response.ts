/**
 * A `ServerResponse` that reports when its head is written, by which http/exchange/exchange
 * measures the wait, and when its client disconnects.
 */
import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * A reason that is there already: without one an abort makes an exception with its stack, each
 * time.
 */
const OVER = 'the response is over';

/** Pass to `createServer` as its `ServerResponse`. */
export class TimedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Called once, when the head is written. */
  onHead: (() => void) | null = null;

  /**
   * A new signal: aborts when the client has its answer or leaves; a plan that was given up may
   * wait still.
   */
  leaving(): AbortSignal {
    const left = new AbortController();
    this.once('close', () => {
      left.abort(OVER);
    });
    return left.signal;
  }

  override writeHead(statusCode: number, ...rest: unknown[]): this {
    this.onHead?.();
    this.onHead = null;
    // The base has two overloads: the arguments are passed on unchanged.
    return super.writeHead(statusCode, ...(rest as [OutgoingHttpHeaders?]));
  }
}
