/** Requests that have come through this process before. Pure; cache/lookup and cache/pass ask it. */
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';

/** True when Via (RFC 9110 section 7.6.3) has a member received by `pseudonym`. */
export function viaNames(headers: HeaderMap, pseudonym: string): boolean {
  const members = (headerValue(headers, 'via') ?? '').split(',');
  return members.some((member) => member.trim().split(/[ \t]+/)[1] === pseudonym);
}

export function looped(): ForebayError {
  return new ForebayError('origin-loop', 'the request has come through this Forebay before', {
    source: 'client',
    retryable: false,
  });
}
