/** Limits concurrent questions to a hub, in total and for each client. */
import { ForebayError } from '../model/errors.js';

export class QuestionLimit {
  readonly #max: number;
  #count = 0;
  readonly #byClient = new Map<string, number>();

  /**
   * `max`: concurrent questions. One client may run half of them, so that others are not locked
   * out.
   */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Counts a question until the returned function is called, once. Throws `overload` at the limit.
   */
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
  return new ForebayError('overload', 'too many concurrent questions to the hub; try again', {
    source: 'internal',
    retryable: true,
  });
}
