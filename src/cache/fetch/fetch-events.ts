/**
 * What a fetch reports before its answer, to all requests that wait: interim responses, and that an
 * attempt failed while others follow. CollapsedFetches makes one for each fetch.
 */
import { type Deferred, deferred } from '../../model/deferred.js';
import type { ForebayError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';
import type { RequestContext } from './request-context.js';

export class FetchEvents {
  readonly #trouble: Deferred<ForebayError> = deferred();
  readonly #interested = new Set<(head: OriginHead) => void>();

  /** Called by the fetch. */
  readonly report = {
    troubled: (error: ForebayError): void => {
      this.#trouble.resolve(error);
    },
    interim: (head: OriginHead): void => {
      for (const take of this.#interested) take(head);
    },
  };

  /** Reports events of the fetch to one request from now on. The returned function ends that. */
  follow({ troubled, request: { interim, adapter } }: RequestContext): () => void {
    if (troubled !== undefined) void this.#trouble.promise.then(troubled);
    // Interim responses to an adapter's requests may come from other places.
    if (interim === undefined || adapter !== undefined) return () => undefined;
    // Each has a place of its own, also where two pass the same function.
    const take = (head: OriginHead): void => {
      interim(head);
    };
    this.#interested.add(take);
    return () => {
      this.#interested.delete(take);
    };
  }
}
