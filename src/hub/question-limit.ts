/** Limits how many questions to a hub run at once, in all and for each client. */
import { ForebayError } from '../model/errors.js';

export class QuestionLimit {
  readonly #max: number;
  #count = 0;
  readonly #byClient = new Map<string, number>();

  /** Questions at the same time; one client may have half of them, so that another finds room. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Takes room until the returned function is called, once. Throws `overload` without room. */
  enter(client: string): () => void {
    const own = this.#byClient.get(client) ?? 0;
    if (this.#count >= this.#max || own >= this.#max / 2) throw tooMuch();
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
  return new ForebayError('overload', 'too many questions to the hub at once', {
    source: 'internal',
    retryable: true,
  });
}
