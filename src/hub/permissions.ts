/**
 * Stored decisions: for each URL of a file, who was permitted when, with the file's metadata. They
 * are variants of the URL's response record, so that they last as long as it does, over restarts. A
 * credential is stored as its HMAC. Used by hub/decisions.
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

/**
 * A file's metadata, as stored for a permitted requester. `status`: the hub's first status, a
 * redirect if it keeps the file elsewhere.
 */
export function permission(
  who: string,
  described: Pick<StoredResponse, 'object' | 'headers' | 'status'>,
  times: ResponseTimes,
): StoredResponse {
  return {
    kind: 'hub-permission',
    ...described,
    requestHeaders: fieldsOf(who),
    ...times,
    hops: [],
  };
}

/**
 * The refusal of a whole repository to `who`, as stored beside permissions. `object`: one that they
 * had; a stored response always has an object.
 */
export function refusalFor(
  who: string,
  object: ObjectIdentity,
  times: ResponseTimes,
): StoredResponse {
  const requestHeaders = fieldsOf(who);
  const said = { status: REFUSED_STATUS, headers: emptyHeaders(), requestHeaders };
  return { kind: 'hub-refusal', ...said, ...times, hops: [], object };
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

  /** The latest decision in favour of `who`, or of everybody. */
  async find(origin: string, uri: string, who: string): Promise<StoredResponse | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    const mine = of(record, 'hub-permission').filter((one) => ['', who].includes(holder(one)));
    return mine.sort((a, b) => b.order - a.order)[0];
  }

  /** Stores a decision, unless a later one is there, or it is not `isCurrent` any more. */
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

  /** `who` was refused: decisions requested before `order` do not count any more. */
  async revoke(origin: string, uri: string, who: string, order = Infinity): Promise<void> {
    await this.#change(origin, uri, (record) => {
      const known = record?.variants ?? [];
      const left = known.filter((one) => holder(one) !== who || one.order >= order);
      return left.length === known.length ? null : left;
    });
  }

  /** Remembers a refusal of a repository, whose URI this is. */
  async refuse(origin: string, uri: string, refusal: StoredResponse): Promise<void> {
    await this.#change(origin, uri, (record) => withDecision(record, refusal));
  }

  /** The place of the question to which `who` was last refused the repository of this URI. */
  async refusedAt(origin: string, uri: string, who: string): Promise<number | undefined> {
    const record = await this.#responses.get(responseKey(origin, uri));
    return of(record, 'hub-refusal').find((one) => holder(one) === who)?.order;
  }

  /** Puts what `change` makes of the variants in their place; `null` leaves them. */
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
 * Only the last decision for a requester counts; records of another kind belong to another adapter.
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
