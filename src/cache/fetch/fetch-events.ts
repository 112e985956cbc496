/**
 * Passes the events of a fetch that precede its answer to all requests that wait for it: interim
 * responses, and a failed attempt that is retried. CollapsedFetches makes one for each fetch.
 */
import { type Deferred, deferred } from '../../model/deferred.js';
import type { ForebayError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';
import type { RequestContext } from './request-context.js';

export class FetchEvents {
  readonly #trouble: Deferred<ForebayError> = deferred();
  readonly #listeners = new Set<(head: OriginHead) => void>();

  /** The callbacks that the fetch calls. */
  readonly report = {
    troubled: (error: ForebayError): void => {
      this.#trouble.resolve(error);
    },
    interim: (head: OriginHead): void => {
      for (const listener of this.#listeners) listener(head);
    },
  };

  /**
   * Reports to a request from now on. The returned function stops reporting interim responses; the
   * request calls it when it no longer waits.
   */
  follow({ troubled, request: { interim, adapter } }: RequestContext): () => void {
    if (troubled !== undefined) void this.#trouble.promise.then(troubled);
    // With an adapter, interim responses of the origin are not meant for the client.
    if (interim === undefined || adapter !== undefined) return () => undefined;
    // A new function for each request, because two of them may pass the same `interim`.
    const listener = (head: OriginHead): void => {
      interim(head);
    };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
