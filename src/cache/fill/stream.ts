/** Starts a new stream of a whole representation, for an object whose origin serves no ranges. */
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
 * Sends one GET for the whole and attaches its body to `generation`, if it is still the same
 * representation: a change ends the generation. Rejects when there is no such body.
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
    // An expired signed location is no refusal: the origin gives another.
    if (
      (head.status === 401 || head.status === 403) &&
      fetchContext.source.refused(target, place)
    ) {
      exchange.stop();
      continue;
    }
    const { validator, lengthBytes } = generation.object.identity;
    // A weak validator joins nothing: these bytes may differ from those sent before.
    const isThere = place === undefined || fetchContext.source.isAt(target, place);
    // Of a detached one every byte that is known is compared instead.
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
      // This request was refused, or the origin is in trouble: the representation may be unchanged.
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
 * True if the response is private to its requester: readers of a detached generation are others.
 */
function isForOne({ headers }: OriginHead): boolean {
  const directives = responseDirectives(headers);
  const isSaid = directives.has('no-store') || directives.isUnqualified('private');
  return (
    isSaid || headers['set-cookie'] !== undefined || variedFields({ headers, hops: [] }) === 'any'
  );
}

/**
 * The length and digest that a 200 of the same representation brings; `undefined` if it is another
 * one. Its framing may omit the length. An object named by a digest may come coded, and then its
 * own length is not the object's.
 */
function contentOf(
  head: OriginHead,
  validator: Validator,
  lengthBytes: number | null,
): { readonly content?: KnownContent } | undefined {
  if (lengthBytes === null) return head.contentLength === null ? {} : undefined;
  const coding = validator.kind === 'digest' ? codingOf(head.headers) : '';
  if (coding !== '') return isDecodable(coding) ? { content: { lengthBytes, coding } } : undefined;
  const announced = head.contentLength ?? lengthBytes;
  return announced === lengthBytes ? { content: { lengthBytes, coding } } : undefined;
}

/** Statuses after which the stored representation is not the URL's any more. */
const GONE: ReadonlySet<number> = new Set([200, 404, 410]);

function describeResponse(status: number): string {
  return status === 200
    ? 'the representation changed and cannot be continued'
    : `the origin answered ${String(status)} to a request for the rest`;
}
