/**
 * One response at a time per connection. Node parses pipelined requests at once and queues their
 * responses, but a sender needs the socket itself, which a response has only after the previous one
 * has finished. http/server takes a turn for each request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Starts one exchange; its result is not awaited. */
export type Start = () => void;

/**
 * Requests of one connection that may wait for their turn. Clients that pipeline send a handful; a
 * flood would grow a queue that costs its sender 40 bytes a request.
 */
export const MAX_WAITING = 32;

interface Line {
  running: boolean;
  /**
   * The queue is full: later requests are not answered, and the connection ends after the last
   * answer.
   */
  isClosed: boolean;
  readonly waiting: { readonly response: ServerResponse; readonly start: Start }[];
}

export class PipelineQueue {
  readonly #lines = new WeakMap<Duplex, Line>();

  /**
   * Runs `start` once `response` has the socket: now, or after the responses before it. Never runs
   * it if the connection ends first, or if too many wait: then the last of them carries
   * `Connection: close`, and the client repeats the others elsewhere (RFC 9112 section 9.3.2).
   */
  take(request: IncomingMessage, response: ServerResponse, start: Start): boolean {
    const { socket } = request;
    const line = this.#line(socket);
    if (line.isClosed) return false;
    if (!line.running) {
      this.#run(line, socket, response, start);
      return true;
    }
    line.waiting.push({ response, start });
    if (line.waiting.length === MAX_WAITING) {
      line.isClosed = true;
      response.shouldKeepAlive = false;
      socket.pause();
    }
    return true;
  }

  isBusy(socket: Duplex): boolean {
    return this.#lines.get(socket)?.running === true;
  }

  /** True when a request of this connection would be answered now and not in its turn. */
  isFree(socket: Duplex): boolean {
    const line = this.#lines.get(socket);
    return line === undefined || !(line.running || line.isClosed);
  }

  #run(line: Line, socket: Duplex, response: ServerResponse, start: Start): void {
    line.running = true;
    // 'close' comes after 'finish' too, but only 'finish' is sure to come for a kept connection.
    let over = false;
    const next = (): void => {
      if (over) return;
      over = true;
      line.running = false;
      // Requests after a response with `close` are not answered (RFC 9112 section 9.6): after an
      // unread body the bytes may be no request at all.
      const isLast = !response.shouldKeepAlive;
      line.isClosed ||= isLast;
      const following = socket.destroyed || isLast ? undefined : line.waiting.shift();
      if (following === undefined) line.waiting.length = 0;
      else this.#run(line, socket, following.response, following.start);
    };
    response.once('finish', next);
    response.once('close', next);
    start();
  }

  #line(socket: Duplex): Line {
    const known = this.#lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = { running: false, isClosed: false, waiting: [] };
    this.#lines.set(socket, line);
    return line;
  }
}
