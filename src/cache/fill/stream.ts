/**
 * Starts a new stream of a whole representation, for an object whose origin serves no ranges, or
 * that is detached.
 */
import { ForebayError } from '../../model/errors.js';
import type { KnownContent } from '../../compute/protocol.js';
import { codingOf, isDecodable } from '../../model/content-coding.js';
import type { OriginHead } from '../../model/fetch.js';
import { receivedNow } from '../../model/steady-time.js';
import { isStrong, type Validator, validatorMatches } from '../../model/validator.js';
import { isRedirect, MAX_REDIRECT_HOPS } from '../../origin/redirect.js';
import { statusError } from '../../origin/retry.js';
import { variedFields } from '../rfc9111/chain.js';
import { responseDirectives } from '../rfc9111/directives.js';
import { OriginExchange } from './origin-exchange.js';
import type { LiveObject } from './live-object.js';
import { Intake } from './intake.js';
import type { FetchContext } from '../flight/fetch-context.js';

/**
 * Requests the whole and attaches the body to `generation` if it is still the same representation;
 * a change ends the generation. Rejects when there is no such body.
 */
export async function restartStream(
  generation: LiveObject,
  fetchContext: FetchContext,
): Promise<void> {
  const { services } = generation;
  for (let hops = 0; hops <= MAX_REDIRECT_HOPS; hops += 1) {
    const { place } = generation.object.identity;
    const target = fetchContext.source.target(place);
    const requestTimeMs = services.clock.now();
    const exchange = OriginExchange.start(services, fetchContext, {
      target,
      range: null,
      conditions: {},
    });
    const head = await exchange.head;
    if (isRedirect(head.status)) {
      exchange.stop();
      fetchContext.source.redirected(target, head, receivedNow(services.clock, requestTimeMs));
      continue;
    }
    // A refusal by an expired signed location does not count: request the URI for another.
    if (
      (head.status === 401 || head.status === 403) &&
      fetchContext.source.refused(target, place)
    ) {
      exchange.stop();
      continue;
    }
    const { validator, lengthBytes } = generation.object.identity;
    const isThere = place === undefined || fetchContext.source.isAt(target, place);
    // A weak validator joins nothing: these bytes may differ from those sent to clients before.
    // A detached generation compares every known byte instead of the validator.
    const same = generation.isDetached
      ? codingOf(head.headers) === ('coding' in validator ? validator.coding : '')
      : isStrong(validator) && validatorMatches(validator, head.headers);
    const isForReaders = !generation.isDetached || generation.isOwn || !isForOne(head);
    const fits = same && isThere && isForReaders;
    const content =
      head.status === 200 && fits ? contentOf(head, validator, lengthBytes) : undefined;
    if (content !== undefined) {
      new Intake(generation, exchange, { index: 0, onePart: false, ...content });
      return;
    }
    exchange.stop();
    if (!GONE.has(head.status)) {
      // The origin refused this request or failed, which does not concern the representation.
      throw statusError(head, services.clock.now());
    }
    const error = new ForebayError('origin-changed', describeResponse(head.status), {
      source: 'origin',
      retryable: true,
      originStatus: head.status,
    });
    generation.end('replaced', error);
    throw error;
  }
  throw new ForebayError('origin-loop', 'the origin redirects too often', {
    source: 'origin',
    retryable: false,
  });
}

/**
 * True for a response to this request alone, which the other readers of a detached generation must
 * not get.
 */
function isForOne({ headers }: OriginHead): boolean {
  const directives = responseDirectives(headers);
  return (
    directives.has('no-store') ||
    directives.isUnqualified('private') ||
    headers['set-cookie'] !== undefined ||
    variedFields({ headers, hops: [] }) === 'any'
  );
}

/**
 * Returns the content that a 200 of the same representation brings; `undefined` if its length or
 * coding contradicts that. The length may be absent. An object named by its digest may come coded;
 * the length of its coded form is not compared.
 */
function contentOf(
  head: OriginHead,
  validator: Validator,
  lengthBytes: number | null,
): { readonly content?: KnownContent } | undefined {
  if (lengthBytes === null) return head.contentLength === null ? {} : undefined;
  const coding = validator.kind === 'digest' ? codingOf(head.headers) : '';
  if (coding !== '') return isDecodable(coding) ? { content: { lengthBytes, coding } } : undefined;
  const isSameLength = (head.contentLength ?? lengthBytes) === lengthBytes;
  return isSameLength ? { content: { lengthBytes, coding } } : undefined;
}

/** Statuses that show that the URL no longer has the stored representation. */
const GONE: ReadonlySet<number> = new Set([200, 404, 410]);

function describeResponse(status: number): string {
  return status === 200
    ? 'the representation changed at the origin, so its remaining bytes cannot be fetched'
    : `the origin answered ${String(status)} to the request for the remaining bytes`;
}
