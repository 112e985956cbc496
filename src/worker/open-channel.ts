/** The worker's end of an `OpenTask`'s port: posts events, and receives a reply to some of them. */
import type { MessagePort } from 'node:worker_threads';
import type { OpenEvent, OpenReply } from '../compute/protocol.js';
import { deferred, type Deferred } from '../model/deferred.js';

const STOP: OpenReply = { kind: 'stop' };

export class OpenChannel {
  readonly #port: MessagePort;
  #pending: Deferred<OpenReply> | null = null;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: OpenReply) => {
      this.#settle(reply);
    });
    // The main thread closed its end or has ended: it does not need the body.
    port.on('close', () => {
      this.#closed = true;
      this.#settle(STOP);
    });
  }

  /**
   * Posts an event and waits for its reply. On a closed port the reply is `stop`. Only one reply
   * may be pending.
   */
  ask(event: OpenEvent): Promise<OpenReply> {
    if (this.#closed) return Promise.resolve(STOP);
    const pending = deferred<OpenReply>();
    this.#pending = pending;
    this.#port.postMessage(event);
    return pending.promise;
  }

  /** Posts an event that has no reply. */
  tell(event: OpenEvent): void {
    this.#port.postMessage(event);
  }

  /** Resolves a pending reply with `stop` and closes the port, after all posted events. */
  close(): void {
    this.#closed = true;
    this.#settle(STOP);
    this.#port.close();
  }

  #settle(reply: OpenReply): void {
    this.#pending?.resolve(reply);
    this.#pending = null;
  }
}
