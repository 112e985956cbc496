/**
 * Changes to the list of stored responses of one URL, most recent first. Pure; used by cache/fetch.
 */
import type { ResponseRecord, StoredKind, StoredResponse } from '../../model/response.js';
import { sameStrong } from '../../model/validator.js';
import type { AdapterExchange } from './facade.js';
import { variantName } from '../rfc9111/select.js';
import { type NotModified, refreshed } from '../rfc9111/validate.js';

type Variants = readonly StoredResponse[];

/** Returns the kind of stored response that a request selects: a hub's JSON for its mirror. */
export function kindFor(adapter: AdapterExchange | undefined): StoredKind {
  return adapter === undefined ? 'response' : 'hub-json';
}

/** Returns `record` reduced to variants of `kinds`: itself if that is all, `undefined` if none. */
export function ofKind(
  record: ResponseRecord | undefined,
  ...kinds: readonly StoredKind[]
): ResponseRecord | undefined {
  const variants = record?.variants.filter(({ kind }) => kinds.includes(kind)) ?? [];
  if (record === undefined || variants.length === 0) return undefined;
  return variants.length === record.variants.length ? record : { ...record, variants };
}

/** Returns the variants with `stored` first, in place of those with the same request fields. */
export function replacing(variants: Variants, stored: StoredResponse): Variants {
  return [stored, ...without(variants, stored)];
}

/** Returns the variants whose request fields differ from those of `stored`. */
export function without(variants: Variants, stored: StoredResponse): Variants {
  const name = variantName(stored.requestHeaders);
  return variants.filter(({ requestHeaders }) => variantName(requestHeaders) !== name);
}

/**
 * Returns the variants after a 304 with a strong validator, which updates every stored response
 * that has it (RFC 9111 section 4.3.4). `stored` is one of them, updated already.
 */
export function sharingContent(
  variants: Variants,
  stored: StoredResponse,
  notModified: NotModified,
): Variants {
  const { validator, place } = stored.object;
  // The object's validator counts, not the fields: these may have been updated since the content
  // was received.
  return variants.map((variant) =>
    sameStrong(variant.object.validator, validator) && variant.object.place === place
      ? refreshed(variant, notModified)
      : variant,
  );
}
