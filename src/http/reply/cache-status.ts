/**
 * The Cache-Status field (RFC 9211), which says how a response came about. Made from the cache's
 * closed union of outcomes.
 */
import { isValidTokenStr, parseList, serializeList, Token } from 'structured-headers';
import type { CacheOutcome } from '../../cache/api/outcome.js';
import type { ErrorReport } from '../../model/errors.js';

/** Our name in Cache-Status and the received-by of our Via (RFC 9110 section 7.6.3). */
export const PSEUDONYM = 'forebay';

/** The kinds of structured field item that our parameters are. */
type Item = string | number | boolean | Token;

/** Failures without a request to the origin. */
const NOT_FORWARDED: ReadonlySet<ErrorReport['code']> = new Set([
  'origin-busy',
  'origin-unattested',
]);

/** What happened to a request: the cache's answer, its failure, or a refusal before the lookup. */
export type StatusInput =
  | { readonly kind: 'answered'; readonly outcome: CacheOutcome }
  | { readonly kind: 'failed'; readonly error: ErrorReport }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The field value, e.g. `forebay;fwd=miss;fwd-status=206;stored`. `upstream` is the stored
 * response's own Cache-Status: members of caches nearer the origin come first (RFC 9211 section 2);
 * a malformed one is dropped, as it would make the whole list unreadable.
 */
export function cacheStatus(happening: StatusInput, upstream: string | undefined): string {
  const own = serializeList([[new Token(PSEUDONYM), parameters(happening)]]);
  if (upstream === undefined) return own;
  const all = `${upstream}, ${own}`;
  return isList(upstream) && isList(all) ? all : own;
}

function parameters(happening: StatusInput): Map<string, Item> {
  switch (happening.kind) {
    case 'answered':
      return outcomeParameters(happening.outcome);
    case 'failed': {
      const { source, originStatus, code } = happening.error;
      return collect([
        // Which kind of miss is not known any more; section 2.2 has `miss` for that.
        ['fwd', source === 'origin' && !NOT_FORWARDED.has(code) ? new Token('miss') : undefined],
        ['fwd-status', originStatus],
        ['detail', new Token(code)],
      ]);
    }
    case 'refused':
      return collect([['detail', detailItem([happening.reason])]]);
  }
}

function outcomeParameters(outcome: CacheOutcome): Map<string, Item> {
  const unverified = outcome.unverified ? ['unverified'] : [];
  switch (outcome.kind) {
    case 'hit':
      return collect([
        ['hit', true],
        ['ttl', outcome.ttlSeconds],
        ['detail', detailItem([outcome.detail ?? [], unverified].flat())],
      ]);
    case 'forward': {
      const details = outcome.detail === null ? unverified : [outcome.detail, ...unverified];
      return collect([
        ['fwd', new Token(outcome.reason)],
        ['fwd-status', outcome.originStatus ?? undefined],
        ['stored', outcome.stored || undefined],
        ['collapsed', outcome.collapsed || undefined],
        ['detail', detailItem(details)],
      ]);
    }
  }
}

function collect(pairs: readonly (readonly [string, Item | undefined])[]): Map<string, Item> {
  const map = new Map<string, Item>();
  for (const [key, value] of pairs) if (value !== undefined) map.set(key, value);
  return map;
}

/** A token if possible, else a string; characters outside printable ASCII become `?`. */
function detailItem(details: readonly string[]): Item | undefined {
  if (details.length === 0) return undefined;
  const text = details.join(', ').replace(/[^\x20-\x7e]/g, '?');
  return isValidTokenStr(text) ? new Token(text) : text;
}

function isList(text: string): boolean {
  try {
    return parseList(text).length > 0;
  } catch {
    return false;
  }
}
