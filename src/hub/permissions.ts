/**
 * Stores decisions: for each URL of a file, which credential was granted it when, with the file's
 * facts; for each repository, which credential was refused it. A decision is a variant of the URL's
 * response record, so that it survives restarts. It holds the credential's HMAC alone. Used by
 * hub/decisions, hub/refusals and hub/api.
 */
import type { ObjectIdentity } from '../model/manifest.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { formatHttpDate } from '../model/http-date.js';
import {
  CREDENTIAL_FIELD,
  MAX_VARIANTS,
  type ResponseRecord,
  type StoredKind,
  type StoredResponse,
  type ResponseTimes,
} from '../model/response.js';
import type { ResponseStore } from '../model/store.js';
import { responseKey } from '../store/objects/keys.js';
import type { FileFacts } from './metadata.js';
import { isTooLongForHttp, XET_HASH_FIELD } from './xet.js';

/** The status of a stored refusal. */
const REFUSED_STATUS = 403;

/** Returns the header fields with which clients get a file. */
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

/**
 * Returns a stored permission: the file's facts for the credential `who`. `status` is that of the
 * hub's head that names the commit, a redirect when the bytes are in other storage.
 */
export function permission(
  who: string,
  file: Pick<StoredResponse, 'object' | 'headers' | 'status'>,
  times: ResponseTimes,
): StoredResponse {
  return { kind: 'hub-permission', ...file, requestHeaders: fieldsOf(who), ...times, hops: [] };
}

/**
 * Returns a stored refusal of a whole repository for the credential `who`. `object` is one that was
 * granted before, because every stored response needs an object.
 */
export function refusalFor(
  who: string,
  object: ObjectIdentity,
  times: ResponseTimes,
): StoredResponse {
  const requestHeaders = fieldsOf(who);
  const response = { status: REFUSED_STATUS, headers: emptyHeaders(), requestHeaders };
  return { kind: 'hub-refusal', ...response, ...times, hops: [], object };
}

function fieldsOf(who: string): HeaderMap {
  const requestHeaders = emptyHeaders();
  if (who !== '') requestHeaders[CREDENTIAL_FIELD] = who;
  return requestHeaders;
}

export class Permissions {
  readonly #responses: Pick<ResponseStore, 'get' | 'update'>;

  constructor(responses: Pick<ResponseStore, 'get' | 'update'>) {
    this.#responses = responses;
  }

  /** Returns the latest permission of `who` or of anonymous clients. */
  async find(origin: string, uri: string, who: string): Promise<StoredResponse | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    const mine = of(record, 'hub-permission').filter((one) => ['', who].includes(holder(one)));
    return mine.sort((a, b) => b.order - a.order)[0];
  }

  /**
   * Stores a permission, unless one of a later request is stored, or `isCurrent` returns false when
   * the record is written.
   */
  async grant(
    origin: string,
    uri: string,
    stored: StoredResponse,
    isCurrent: () => boolean,
  ): Promise<void> {
    await this.#change(origin, uri, (record) =>
      isCurrent() ? withDecision(record, stored) : null,
    );
  }

  /** Removes the responses stored for `who` whose requests came before `order`. */
  async revoke(origin: string, uri: string, who: string, order = Infinity): Promise<void> {
    await this.#change(origin, uri, (record) => {
      const known = record?.variants ?? [];
      const left = known.filter((one) => holder(one) !== who || one.order >= order);
      return left.length === known.length ? null : left;
    });
  }

  /** Stores a refusal under the repository's URI. */
  async refuse(origin: string, uri: string, refusal: StoredResponse): Promise<void> {
    await this.#change(origin, uri, (record) => withDecision(record, refusal));
  }

  /** Returns the order of the request for which `who` was last refused the repository at `uri`. */
  async refusedAt(origin: string, uri: string, who: string): Promise<number | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    return of(record, 'hub-refusal').find((one) => holder(one) === who)?.order;
  }

  /** Replaces the variants by the result of `change`; `null` leaves them unchanged. */
  async #change(
    origin: string,
    uri: string,
    change: (record: ResponseRecord | undefined) => readonly StoredResponse[] | null,
  ): Promise<void> {
    await this.#responses.update(responseKey(origin, uri), (record) => {
      const changed = change(record);
      if (changed === null) return record;
      const acceptsRanges = record?.acceptsRanges ?? true;
      const variants = changed.slice(0, MAX_VARIANTS);
      return variants.length > 0 ? { origin, uri, acceptsRanges, variants } : undefined;
    });
  }
}

function of(record: ResponseRecord | undefined, kind: StoredKind): StoredResponse[] {
  return record?.variants.filter((one) => one.kind === kind) ?? [];
}

/**
 * Returns the variants with `decided` in place of the same holder's earlier decision; `null` when
 * the stored one is later. Drops variants of other kinds, which belong to another adapter.
 */
function withDecision(
  record: ResponseRecord | undefined,
  decided: StoredResponse,
): readonly StoredResponse[] | null {
  const known = of(record, decided.kind);
  const before = known.find((one) => holder(one) === holder(decided));
  if (before !== undefined && before.order > decided.order) return null;
  return [decided, ...known.filter((one) => one !== before)];
}

function holder({ requestHeaders }: StoredResponse): string {
  return headerValue(requestHeaders, CREDENTIAL_FIELD) ?? '';
}
