/**
 * Changes to the list of stored responses of one URL, most recent first. Pure; used by cache/fetch.
 */
import type { ResponseRecord, StoredKind, StoredResponse } from '../../model/response.js';
import { sameStrong } from '../../model/validator.js';
import type { AdapterExchange } from './facade.js';
import { variantName } from '../rfc9111/select.js';
import { type NotModified, refreshed } from '../rfc9111/validate.js';

type Variants = readonly StoredResponse[];

/** The kind of record that a request needs: a hub's JSON for the mirror, else an HTTP response. */
export function kindFor(adapter: AdapterExchange | undefined): StoredKind {
  return adapter === undefined ? 'response' : 'hub-json';
}

/** `record` with only the variants of `kinds`; the same object if it has no others. */
export function ofKind(
  record: ResponseRecord | undefined,
  ...kinds: readonly StoredKind[]
): ResponseRecord | undefined {
  const variants = record?.variants.filter(({ kind }) => kinds.includes(kind)) ?? [];
  if (record === undefined || variants.length === 0) return undefined;
  return variants.length === record.variants.length ? record : { ...record, variants };
}

/** `stored` first, in place of what the same request fields selected before. */
export function replacing(variants: Variants, stored: StoredResponse): Variants {
  return [stored, ...without(variants, stored)];
}

/** All but what the same request fields as those of `stored` selected. */
export function without(variants: Variants, stored: StoredResponse): Variants {
  const name = variantName(stored.requestHeaders);
  return variants.filter(({ requestHeaders }) => variantName(requestHeaders) !== name);
}

/**
 * Updates every stored response that shares the strong validator of a 304 (RFC 9111 section 4.3.4).
 * `stored` is one of them, already updated.
 */
export function sharingContent(
  variants: Variants,
  stored: StoredResponse,
  notModified: NotModified,
): Variants {
  const { validator, place } = stored.object;
  // Fields may have been renewed since: what a validator is worth was settled when the content
  // came.
  return variants.map((variant) =>
    sameStrong(variant.object.validator, validator) && variant.object.place === place
      ? refreshed(variant, notModified)
      : variant,
  );
}
