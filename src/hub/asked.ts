/** How much one hub is being asked, and by whom: beyond a bound that is load. Used by hub/head-client. */
import { ForebayError } from '../model/errors.js';

/** Files that one hub is asked about at the same time, those that wait for a connection included. */
export const MAX_ASKED = 512;

/** Of these, the part that one client may have: another always finds room. */
export const MAX_ASKED_OF_CLIENT = MAX_ASKED / 2;

export class Asked {
  #count = 0;
  readonly #byClient = new Map<string, number>();

  /** Takes room until the result is called, once. Throws `overload` where there is none. */
  enter(client: string): () => void {
    const own = this.#byClient.get(client) ?? 0;
    if (this.#count >= MAX_ASKED || own >= MAX_ASKED_OF_CLIENT) throw tooMuch();
    this.#count += 1;
    this.#byClient.set(client, own + 1);
    return () => {
      this.#count -= 1;
      const left = (this.#byClient.get(client) ?? 1) - 1;
      if (left > 0) this.#byClient.set(client, left);
      else this.#byClient.delete(client);
    };
  }
}

function tooMuch(): ForebayError {
  return new ForebayError('overload', 'the hub is being asked about too many files', {
    source: 'internal',
    retryable: true,
  });
}
