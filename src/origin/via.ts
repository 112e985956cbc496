/**
 * Detects requests that have come through this process before. Pure; used by cache/answer/cache,
 * cache/passthrough/pass and the hub.
 */
import { ForebayError } from '../model/errors.js';
import { skipOws, trimOws } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';

/** True when Via (RFC 9110 section 7.6.3) has a member received by `pseudonym`. */
export function viaNames(headers: HeaderMap, pseudonym: string): boolean {
  const members = (headerValue(headers, 'via') ?? '').split(',');
  return members.some((member) => receivedBy(trimOws(member)) === pseudonym);
}

/** Returns the second word of a member, after the protocol: host or pseudonym. */
function receivedBy(member: string): string {
  const from = skipOws(member, nextOws(member, 0));
  return member.slice(from, nextOws(member, from));
}

function nextOws(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ' ' && text[at] !== '\t') at += 1;
  return at;
}

/** Returns the error of a request that has come through this process before. */
export function looped(): ForebayError {
  return new ForebayError('origin-loop', 'the request has come through this Forebay before', {
    source: 'client',
    retryable: false,
  });
}
