/**
 * The heads of a hot hit as text. The fields are those of http/reply/respond; a text is kept for
 * the second in which none of them changes. Made by http/hits/hot-hits, one per URL.
 */
import { STATUS_CODES } from 'node:http';
import type { ReusableHit, HitFreshness } from '../../cache/api/facade.js';
import type { HitHeads } from '../../compute/hit-server.js';
import type { HeaderMap } from '../../model/headers.js';
import { contentRange } from '../reply/multipart.js';
import { hitFields, ofPart } from '../reply/respond.js';

/** Marks the place of the request's id; no field value can contain it (RFC 9110 section 5.5). */
const PLACE = '\0';

const MS_PER_SECOND = 1000;

export class HotHitHead {
  readonly #hotHits: Pick<ReusableHit, 'headers' | 'receivedAtMs' | 'lengthBytes'>;
  readonly #connection: string;
  #ageSeconds = -1;
  #ttlSeconds = -1;
  /** Before and after the request's id, for all of the representation and for a part of it. */
  #whole: Lines = ['', ''];
  #part: Lines = ['', ''];

  /** `keepAliveTimeoutMs`: for the Keep-Alive field, as Node sends it. */
  constructor(
    hotHits: Pick<ReusableHit, 'headers' | 'receivedAtMs' | 'lengthBytes'>,
    keepAliveTimeoutMs: number,
  ) {
    this.#hotHits = hotHits;
    const seconds = Math.floor(keepAliveTimeoutMs / MS_PER_SECOND);
    const timeout = keepAliveTimeoutMs > 0 ? `Keep-Alive: timeout=${String(seconds)}\r\n` : '';
    this.#connection = `Connection: keep-alive\r\n${timeout}\r\n`;
  }

  /** The head for `part`, half-open, of the representation; `null`: for all of it. */
  text(
    part: { readonly start: number; readonly end: number } | null,
    times: HitFreshness,
    nowMs: number,
    requestId: string,
  ): string {
    this.#renew(times, nowMs);
    const { lengthBytes } = this.#hotHits;
    const about =
      part === null
        ? `content-length: ${String(lengthBytes)}\r\n`
        : `content-range: ${contentRange(part, lengthBytes)}\r\n` +
          `content-length: ${String(part.end - part.start)}\r\n`;
    const line = part === null ? OK : PARTIAL_CONTENT;
    const [before, after] = part === null ? this.#whole : this.#part;
    return line + before + requestId + after + about + this.#connection;
  }

  /** The same in pieces; ids and ranges go in between. */
  pieces(times: HitFreshness, nowMs: number): HitHeads {
    this.#renew(times, nowMs);
    const [wholeBefore, wholeAfter] = this.#whole;
    const [partBefore, partAfter] = this.#part;
    return {
      whole: { before: OK + wholeBefore, after: wholeAfter },
      part: { before: PARTIAL_CONTENT + partBefore, after: partAfter },
      last: this.#connection,
    };
  }

  #renew({ ageSeconds, ttlSeconds }: HitFreshness, nowMs: number): void {
    if (ageSeconds === this.#ageSeconds && ttlSeconds === this.#ttlSeconds) return;
    this.#make({ ageSeconds, ttlSeconds }, nowMs);
  }

  #make({ ageSeconds, ttlSeconds }: HitFreshness, nowMs: number): void {
    const outcome = { kind: 'hit', unverified: false, ttlSeconds } as const;
    const { headers, receivedAtMs } = this.#hotHits;
    const answer = { headers, receivedAtMs, ageSeconds, outcome };
    const fields = hitFields(answer, { nowMs, requestId: PLACE });
    this.#whole = aroundId(fields);
    this.#part = aroundId(ofPart(fields));
    this.#ageSeconds = ageSeconds;
    this.#ttlSeconds = ttlSeconds;
  }
}

type Lines = readonly [before: string, after: string];

function aroundId(fields: HeaderMap): Lines {
  const [before = '', after = ''] = linesOf(fields).split(PLACE);
  return [before, after];
}

const OK = statusLine(200);
const PARTIAL_CONTENT = statusLine(206);

function statusLine(status: number): string {
  return `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n`;
}

/** As node writes them: a line for each member of a list. */
function linesOf(fields: HeaderMap): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}\r\n`),
    )
    .join('');
}
