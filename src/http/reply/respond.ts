/**
 * Makes the answer to a request: its status, its head, and the bytes that follow. Pure;
 * http/exchange/exchange calls it and http/exchange/deliver sends the result.
 */
import type { Body, CacheAnswer } from '../../cache/api/facade.js';
import type { ErrorReport } from '../../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { ResponseHead } from '../../model/segment.js';
import { cacheStatus, type StatusInput, PSEUDONYM } from './cache-status.js';
import { evaluate, ifRangeAllows } from './conditional.js';
import { type Content, contentLength } from './content.js';
import { endToEndFields } from './fields.js';
import { formatHttpDate } from '../../model/http-date.js';
import { contentRange, multipart } from './multipart.js';
import type { RangeField, RangeSpec } from '../request/range-header.js';
import { selectRanges } from './range-set.js';
import type { RefusalReason } from '../request/screen.js';
import { statusOfError, statusOfRefusal } from './status.js';

/** The parts of the request that the answer depends on. */
export interface ReplyContext {
  readonly method: 'GET' | 'HEAD';
  readonly headers: HeaderMap;
  readonly range: RangeField;
  readonly requestId: string;
  /** The trace that the client's request belongs to. */
  readonly traceId: string | null;
  readonly nowMs: number;
  /** A new delimiter for the parts of a response: random. */
  readonly boundary: () => string;
}

export type Reply =
  /** Bytes of the cache's answer. */
  | {
      readonly kind: 'body';
      readonly head: ResponseHead;
      readonly body: Body;
      readonly content: Content;
    }
  /** A message of our own; not sent for HEAD. */
  | { readonly kind: 'text'; readonly head: ResponseHead; readonly text: string }
  | { readonly kind: 'head-only'; readonly head: ResponseHead };

/** Default Retry-After: long enough for a fill to end. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Fields that describe content or representation and so have no place in a 304 (RFC 9110 section
 * 15.4.5), nor beside a message of our own.
 */
const CONTENT_FIELD = /^(?:content-(?!location$)|(?:repr-)?digest$)/;

/** The reply to a request that the cache answered. */
export function replyToAnswer(answer: CacheAnswer, context: ReplyContext): Reply {
  const fields = answerFields(answer, context);
  const condition = evaluate(context.headers, answer, context.nowMs);
  switch (condition) {
    case 'precondition-failed':
      return text(412, 'precondition-failed', context, withoutContent(fields));
    case 'not-modified':
      return { kind: 'head-only', head: { status: 304, headers: withoutContent(fields) } };
    case 'proceed':
      return content(answer, context, fields);
  }
}

/**
 * The reply to a request that was passed on: the origin's answer as it is. Conditions and ranges
 * were the origin's to judge.
 */
export function replyToPassed(answer: CacheAnswer, context: ReplyContext): Reply {
  const fields = answerFields(answer, context);
  // These are about the transfer of a GET in an ordinary answer, and the origin's own words here.
  for (const name of ['accept-ranges', 'content-range']) {
    const value = headerValue(answer.headers, name);
    if (value !== undefined) fields[name] = value;
  }
  return whole(answer, context, fields);
}

/** The reply to an OPTIONS about Forebay itself; `allow` from http/request/allow. */
export function replyToOptions(context: ReplyContext, allow: string): Reply {
  const fields = ownFields(context, { kind: 'refused', reason: 'own-options' });
  fields['allow'] = allow;
  return { kind: 'head-only', head: { status: 204, headers: fields } };
}

/**
 * The reply to a browser's preflight (http/access/cross-origin), which allows all that it requests.
 */
export function replyToPreflight(context: ReplyContext): Reply {
  const fields = ownFields(context, { kind: 'refused', reason: 'own-options' });
  return { kind: 'head-only', head: { status: 204, headers: fields } };
}

/** The reply to a request whose lookup, or body before its first byte, failed. */
export function replyToError(error: ErrorReport, context: ReplyContext): Reply {
  const status = statusOfError(error.code);
  const fields = ownFields(context, { kind: 'failed', error });
  const isTold = status === 503 || error.retryAfterMs !== undefined;
  if (isTold) fields['retry-after'] = retryAfter(error.retryAfterMs);
  return text(status, error.code, context, fields);
}

/** The reply to a request that was refused before the lookup; `allow` for a 405. */
export function replyToRefusal(reason: RefusalReason, context: ReplyContext, allow: string): Reply {
  const { status, close } = statusOfRefusal(reason);
  const fields = ownFields(context, { kind: 'refused', reason });
  if (status === 405) fields['allow'] = allow;
  if (status === 503) fields['retry-after'] = retryAfter(undefined);
  if (close) fields['connection'] = 'close';
  return text(status, reason, context, fields);
}

function content(answer: CacheAnswer, context: ReplyContext, fields: HeaderMap): Reply {
  const { lengthBytes, acceptsRanges } = answer.body;
  const ranged = acceptsRanges && lengthBytes !== null && answer.status === 200;
  if (ranged) fields['accept-ranges'] = 'bytes';
  const specs = ranged ? honouredRanges(answer, context) : undefined;
  if (specs !== undefined && lengthBytes !== null) {
    const selection = selectRanges(specs, lengthBytes);
    switch (selection.kind) {
      case 'whole':
        break;
      case 'unsatisfiable': {
        const headers = withoutContent(fields);
        headers['content-range'] = `bytes */${String(lengthBytes)}`;
        return text(416, 'range-not-satisfiable', context, headers);
      }
      case 'parts': {
        const { parts } = selection;
        const [only] = parts;
        if (only !== undefined && parts.length === 1) {
          return partial(answer.body, [{ kind: 'range', ...only }], {
            ...fields,
            'content-range': contentRange(only, lengthBytes),
          });
        }
        // A part that is not kept would be fetched again for the next one from the same chunk.
        if (!answer.body.isKept) break;
        const of = { lengthBytes, contentType: headerValue(fields, 'content-type') };
        const several = multipart(parts, of, context.boundary());
        const headers: HeaderMap = Object.assign(emptyHeaders(), fields);
        headers['content-type'] = several.contentType;
        // Each part has its own (RFC 9110 section 15.3.7.2).
        delete headers['content-range'];
        return partial(answer.body, several.content, headers);
      }
    }
  }
  return whole(answer, context, fields);
}

/**
 * Removes digests of the whole content: a client would compare them with the part (RFC 9530 section
 * 2).
 */
export function ofPart(fields: HeaderMap): HeaderMap {
  const rest = Object.assign(emptyHeaders(), fields);
  delete rest['content-digest'];
  delete rest['content-md5'];
  return rest;
}

function partial(body: Body, content: Content, fields: HeaderMap): Reply {
  const headers = { ...ofPart(fields), 'content-length': String(contentLength(content)) };
  return { kind: 'body', head: { status: 206, headers }, body, content };
}

function whole(answer: CacheAnswer, context: ReplyContext, fields: HeaderMap): Reply {
  const { status } = answer;
  const { lengthBytes } = answer.body;
  const head = { status, headers: fields };
  if (status === 204 || status === 304) return { kind: 'head-only', head };
  if (lengthBytes !== null) fields['content-length'] = String(lengthBytes);
  if (context.method === 'HEAD') return { kind: 'head-only', head };
  return {
    kind: 'body',
    head,
    body: answer.body,
    content: [{ kind: 'range', start: 0, end: lengthBytes ?? Infinity }],
  };
}

/** The ranges to honour, if any: Range is defined for GET alone (RFC 9110 section 14.2). */
function honouredRanges(
  answer: CacheAnswer,
  context: ReplyContext,
): readonly RangeSpec[] | undefined {
  if (context.method !== 'GET' || context.range.kind !== 'ranges') return undefined;
  if (!ifRangeAllows(context.headers, answer, context.nowMs)) return undefined;
  return context.range.ranges;
}

/** The fields of a hit that serves ranges, except those about the bytes that follow. */
export function hitFields(...[answer, context]: Parameters<typeof answerFields>): HeaderMap {
  const fields = answerFields(answer, context);
  fields['accept-ranges'] = 'bytes';
  return fields;
}

function answerFields(
  answer: Pick<CacheAnswer, 'headers' | 'receivedAtMs' | 'ageSeconds' | 'outcome'>,
  context: Pick<ReplyContext, 'nowMs' | 'requestId'>,
): HeaderMap {
  const fields = endToEndFields(answer.headers);
  // Fields of the stored response's own framing; Forebay sets its own.
  delete fields['content-length'];
  delete fields['accept-ranges'];
  const via = headerValue(fields, 'via');
  fields['via'] = via === undefined ? `1.1 ${PSEUDONYM}` : `${via}, 1.1 ${PSEUDONYM}`;
  if (answer.ageSeconds !== null) {
    fields['age'] = String(Math.max(0, Math.floor(answer.ageSeconds)));
  }
  fields['date'] ??= formatHttpDate(answer.receivedAtMs ?? context.nowMs);
  fields['x-request-id'] = context.requestId;
  fields['cache-status'] = cacheStatus(
    { kind: 'answered', outcome: answer.outcome },
    headerValue(fields, 'cache-status'),
  );
  return fields;
}

function ownFields(context: ReplyContext, happening: StatusInput): HeaderMap {
  const fields = emptyHeaders();
  fields['date'] = formatHttpDate(context.nowMs);
  fields['cache-control'] = 'no-store';
  fields['x-request-id'] = context.requestId;
  fields['cache-status'] = cacheStatus(happening, undefined);
  return fields;
}

/** Names the code and the request, nothing else: a message could reveal hosts and paths. */
function text(status: number, code: string, context: ReplyContext, fields: HeaderMap): Reply {
  const body = `${code} (request ${context.requestId})\n`;
  fields['content-type'] = 'text/plain; charset=utf-8';
  fields['content-length'] = String(Buffer.byteLength(body));
  return { kind: 'text', head: { status, headers: fields }, text: body };
}

function withoutContent(fields: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  for (const [name, value] of Object.entries(fields)) {
    if (!CONTENT_FIELD.test(name)) kept[name] = value;
  }
  return kept;
}

function retryAfter(milliseconds: number | undefined): string {
  return String(Math.max(RETRY_AFTER_SECONDS, Math.ceil((milliseconds ?? 0) / 1000)));
}
