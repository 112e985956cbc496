/**
 * What is remembered of decisions: for each URL of a file, who was let in when, with what the file is.
 * They are variants of the URL's response record, so that they last as long as it does, restarts
 * included. A credential stands in them as its HMAC. Used by hub/decisions.
 */
import type { ObjectIdentity } from '../model/manifest.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { formatHttpDate } from '../model/http-date.js';
import { MAX_VARIANTS, type StoredResponse } from '../model/response.js';
import type { ResponseStore } from '../model/store.js';
import { responseKey } from '../store/keys.js';
import type { FileFacts } from './metadata.js';
import { isTooLongForHttp, XET_HASH_FIELD } from './xet.js';

/** In a variant's request fields: whom it was decided for. No request has such a field. */
export const CREDENTIAL_FIELD = 'x-forebay-credential';

/** Of what is stored of a refusal. */
const REFUSED_STATUS = 403;

/** What clients get of a file beside its bytes. */
export function fileHeaders(facts: FileFacts, lengthBytes: number, nowMs: number): HeaderMap {
  const headers = emptyHeaders();
  headers['content-type'] = 'application/octet-stream';
  headers['etag'] = `"${facts.tag}"`;
  headers['x-repo-commit'] = facts.commit;
  if (facts.isLinked) {
    headers['x-linked-etag'] = `"${facts.tag}"`;
    headers['x-linked-size'] = String(lengthBytes);
  }
  if (facts.xetHash !== undefined && isTooLongForHttp(lengthBytes)) {
    headers[XET_HASH_FIELD] = facts.xetHash;
  }
  headers['date'] = formatHttpDate(nowMs);
  return headers;
}

/** What a file is, as it is stored for whoever was let in at `nowMs`. */
export function permission(
  who: string,
  object: ObjectIdentity,
  headers: HeaderMap,
  nowMs: number,
): StoredResponse {
  const requestHeaders = emptyHeaders();
  if (who !== '') requestHeaders[CREDENTIAL_FIELD] = who;
  const times = { requestTimeMs: nowMs, responseTimeMs: nowMs };
  return { status: 200, headers, requestHeaders, ...times, hops: [], object };
}

/**
 * That `who` was refused a whole repository, as it is stored beside permissions. `object`: what they had
 * been let have; a stored response is always of some object.
 */
export function refusalFor(who: string, object: ObjectIdentity, nowMs: number): StoredResponse {
  return { ...permission(who, object, emptyHeaders(), nowMs), status: REFUSED_STATUS };
}

export class Permissions {
  readonly #responses: Pick<ResponseStore, 'get' | 'update'>;

  constructor(responses: Pick<ResponseStore, 'get' | 'update'>) {
    this.#responses = responses;
  }

  /** The latest decision in favour of `who`, or of everybody. */
  async find(origin: string, uri: string, who: string): Promise<StoredResponse | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    const mine = record?.variants.filter((variant) => ['', who].includes(holder(variant))) ?? [];
    return mine.sort((a, b) => b.responseTimeMs - a.responseTimeMs)[0];
  }

  async grant(origin: string, uri: string, stored: StoredResponse): Promise<void> {
    await this.#change(origin, uri, holder(stored), [stored]);
  }

  /** `who` was turned away: what was decided before counts no more. */
  async revoke(origin: string, uri: string, who: string): Promise<void> {
    await this.#change(origin, uri, who, []);
  }

  /** Remembers a refusal of a repository, whose URI this is. */
  async refuse(origin: string, uri: string, refusal: StoredResponse): Promise<void> {
    await this.#change(origin, uri, holder(refusal), [refusal]);
  }

  /** When `who` was last refused the repository of this URI. */
  async refusedAtMs(origin: string, uri: string, who: string): Promise<number | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    const isMine = (one: StoredResponse): boolean =>
      one.status === REFUSED_STATUS && holder(one) === who;
    return record?.variants.find(isMine)?.responseTimeMs;
  }

  async #change(
    origin: string,
    uri: string,
    who: string,
    decided: readonly StoredResponse[],
  ): Promise<void> {
    await this.#responses.update(responseKey(origin, uri), (record) => {
      const known = record?.variants ?? [];
      const acceptsRanges = record?.acceptsRanges ?? true;
      const others = known.filter((variant) => holder(variant) !== who);
      if (decided.length === 0 && others.length === known.length) return record;
      const variants = [...decided, ...others].slice(0, MAX_VARIANTS);
      return variants.length > 0 ? { origin, uri, acceptsRanges, variants } : undefined;
    });
  }
}

function holder({ requestHeaders }: StoredResponse): string {
  return headerValue(requestHeaders, CREDENTIAL_FIELD) ?? '';
}
