/** The worker's end of an `OpenTask`'s port: events out, and a reply in for each question. */
import type { MessagePort } from 'node:worker_threads';
import type { OpenEvent, OpenReply } from '../compute/protocol.js';
import { deferred, type Deferred } from '../model/deferred.js';

const STOP: OpenReply = { kind: 'stop' };

export class OpenChannel {
  readonly #port: MessagePort;
  #question: Deferred<OpenReply> | null = null;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: OpenReply) => {
      this.#answer(reply);
    });
    // The main thread closed its end, or is gone: the body is not needed.
    port.on('close', () => {
      this.#closed = true;
      this.#answer(STOP);
    });
  }

  /**
   * Posts an event and waits for its reply; a closed port answers `stop`. One question at a time.
   */
  ask(event: OpenEvent): Promise<OpenReply> {
    if (this.#closed) return Promise.resolve(STOP);
    const question = deferred<OpenReply>();
    this.#question = question;
    this.#port.postMessage(event);
    return question.promise;
  }

  /** Posts an event that has no reply. */
  tell(event: OpenEvent): void {
    this.#port.postMessage(event);
  }

  /** Answers an open question with `stop` and closes the port, after everything that was posted. */
  close(): void {
    this.#closed = true;
    this.#answer(STOP);
    this.#port.close();
  }

  #answer(reply: OpenReply): void {
    this.#question?.resolve(reply);
    this.#question = null;
  }
}
