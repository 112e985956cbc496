/**
 * Updates the response record of a URL after a fetch: with a new response, with the changes of a
 * 304, or by removing a response that was replaced. Writes nothing if the URL was purged or changed
 * after the request came. Owned by Cache.
 */
import type { ResponseKey } from '../../model/ids.js';
import { MAX_VARIANTS, type ResponseRecord, type StoredResponse } from '../../model/response.js';
import type { Invalidations } from '../api/invalidation.js';
import { kindFor, ofKind, replacing, sharingContent, without } from '../api/record.js';
import type { CacheServices } from '../api/services.js';
import { isStorable, mayStore } from '../rfc9111/policy.js';
import { variantMatches } from '../rfc9111/select.js';
import { speaksOfContent } from '../rfc9111/stored-digests.js';
import { refreshed, selectValidated } from '../rfc9111/validate.js';
import type { OriginFetch } from './origin-fetch.js';
import type { RequestContext } from './request-context.js';
import type { SharedRepresentation } from './sharing.js';

type NotModified = Extract<OriginFetch, { kind: 'not-modified' }>;

export class ResponseRecording {
  readonly #services: CacheServices;
  readonly #invalidations: Invalidations;

  constructor(services: CacheServices, invalidations: Invalidations) {
    this.#services = services;
    this.#invalidations = invalidations;
  }

  /** Stores a fetched response in the record of its URL. */
  async record(
    context: RequestContext,
    stored: StoredResponse,
    acceptsRanges: boolean,
  ): Promise<void> {
    await this.#change(context, (known) => ({
      origin: context.upstream.name,
      uri: context.source.uri,
      acceptsRanges: acceptsRanges && (known?.acceptsRanges ?? true),
      variants: replacing(known?.variants ?? [], stored).slice(0, MAX_VARIANTS),
    }));
  }

  /** Deletes the response record of a URL. Never rejects. */
  async forget(key: ResponseKey): Promise<void> {
    const { responses, events } = this.#services;
    await responses.delete(key).catch((error: unknown) => {
      events.warn('a response record could not be removed', error);
    });
  }

  /**
   * Stores the candidate that a 304 confirms, with its new fields, and updates other variants with
   * the same content. Called by the fetch, not by the requests that wait for it: their clients may
   * have left.
   */
  async confirmed(
    context: RequestContext,
    candidates: readonly StoredResponse[],
    notModified: NotModified,
  ): Promise<void> {
    const { headers } = context.request;
    const selection = selectValidated(candidates, notModified);
    if (selection.kind !== 'update') return;
    const stored = refreshed(selection.stored, notModified, { headers, tag: this.#services.tag });
    // A 304 may make a response private, or answer a request whose response may not be shared.
    if (mayStore(headers, stored)) await this.#confirm(context, stored, notModified);
    else if (!isStorable(stored)) await this.forget(context.key);
  }

  /**
   * Removes a stored response that the origin replaced by one that may not be stored: the old one
   * is not current any more. Never rejects.
   */
  async replaced(
    context: RequestContext,
    candidates: readonly StoredResponse[],
    { originStatus }: SharedRepresentation,
  ): Promise<void> {
    const [only, ...others] = candidates;
    if (only === undefined || others.length > 0 || !speaksOfContent(originStatus)) return;
    if (!variantMatches(only, context.request.headers, this.#services.tag)) return;
    const change = this.#change(context, (known) => ({
      origin: context.upstream.name,
      uri: context.source.uri,
      acceptsRanges: known?.acceptsRanges ?? true,
      variants: without(known?.variants ?? [], only),
    }));
    await change.catch((error: unknown) => {
      this.#services.events.warn('a replaced response was not removed', error);
    });
  }

  /** True while the URL has not been changed or purged since `context` was made. */
  isCurrent({ key, epoch, upstream, source }: RequestContext): boolean {
    return this.#invalidations.isCurrent(key, { origin: upstream.name, uri: source.uri }, epoch);
  }

  async #confirm(
    context: RequestContext,
    stored: StoredResponse,
    notModified: NotModified,
  ): Promise<void> {
    await this.#change(context, (known) => ({
      origin: context.upstream.name,
      uri: context.source.uri,
      acceptsRanges: known?.acceptsRanges ?? true,
      variants: replacing(sharingContent(known?.variants ?? [], stored, notModified), stored),
    }));
  }

  async #change(
    context: RequestContext,
    change: (known: ResponseRecord | undefined) => ResponseRecord,
  ): Promise<void> {
    const kind = kindFor(context.request.adapter);
    await this.#services.responses.update(context.key, (known) =>
      // A URL that was changed after the request came: the response may show its old state.
      this.isCurrent(context) ? change(ofKind(known, kind)) : known,
    );
  }
}
