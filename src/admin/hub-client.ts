/**
 * Requests a Hub's API as clients do, through the mirror at the front's root, so that its answers
 * are cached and authorised as theirs are. Used by admin/hub-model.
 */
import type { CacheAnswer, CacheFacade } from '../cache/api/facade.js';
import { route } from '../http/request/route.js';
import { readBody } from '../hub/read-body.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { Clock } from '../model/time.js';
import type { PullOrigin } from './pull-target.js';

/** The longest part of a hub's refusal that is repeated. */
const MAX_REPEATED_CHARACTERS = 200;

export interface HubDeps {
  readonly cache: CacheFacade;
  readonly origins: () => readonly PullOrigin[];
  readonly clock: Clock;
}

/** The request cannot be listed; `status` and `code` are the admin API's answer. */
export class ListingError extends Error {
  readonly status: 404 | 422 | 503;
  readonly code: string;

  constructor(status: ListingError['status'], code: string, message: string) {
    super(message);
    this.name = 'ListingError';
    this.status = status;
    this.code = code;
  }
}

/** The value of a JSON answer, not yet looked at, and the fields that came with it. */
export interface HubAnswer {
  readonly value: unknown;
  readonly headers: HeaderMap;
}

export class HubClient {
  readonly #deps: HubDeps;
  readonly #credentials: HeaderMap;
  readonly #signal: AbortSignal;
  readonly #boundMs: number;

  /** `signal` ends the asking; it is to come within `boundMs`, which bounds single waits too. */
  constructor(deps: HubDeps, credentials: HeaderMap, signal: AbortSignal, boundMs: number) {
    this.#deps = deps;
    this.#credentials = credentials;
    this.#signal = signal;
    this.#boundMs = boundMs;
  }

  /** GETs a path at the front's root. Rejects with a `ListingError`. */
  async get(path: string): Promise<HubAnswer> {
    const routed = route(path, this.#deps.origins());
    if (routed.kind === 'refused') {
      const message = `no origin answers ${path}: models are pulled from a mirror of a hub at /`;
      throw new ListingError(404, 'no-such-origin', message);
    }
    try {
      const answer = await this.#deps.cache.lookup({
        origin: routed.origin,
        target: routed.target,
        method: 'GET',
        headers: Object.assign(emptyHeaders(), this.#credentials),
        hint: { kind: 'whole' },
        signal: this.#signal,
      });
      return await this.#read(answer);
    } catch (error) {
      throw error instanceof ForebayError ? this.#failed(error) : error;
    }
  }

  async #read({ status, headers, body }: CacheAnswer): Promise<HubAnswer> {
    try {
      if (status !== 200) throw refused(status, headers);
      const { clock } = this.#deps;
      const bytes = await readBody(body, { clock, sourceIdleTimeoutMs: this.#boundMs });
      return { value: parsed(bytes.toString('utf8')), headers };
    } finally {
      body.close();
    }
  }

  #failed({ code, message, originStatus }: ForebayError): ListingError {
    if (this.#signal.aborted) return new ListingError(503, 'hub-slow', 'the hub took too long');
    if (originStatus !== undefined) return refused(originStatus, emptyHeaders());
    if (code === 'origin-denied') return refused(403, emptyHeaders());
    return new ListingError(503, 'hub-unavailable', `the hub cannot be asked: ${code}: ${message}`);
  }
}

/** The hub's own words explain it best. */
function refused(status: number, headers: HeaderMap): ListingError {
  const fields = [headerValue(headers, 'x-error-code'), headerValue(headers, 'x-error-message')];
  const words = printable(fields.filter((word) => word !== undefined).join(': '));
  const message = `the hub answered ${String(status)}${words === '' ? '' : `: ${words}`}`;
  if (status === 401 || status === 403) return new ListingError(404, 'model-denied', message);
  if (status === 429 || status >= 500) return new ListingError(503, 'hub-unavailable', message);
  return new ListingError(404, 'no-such-model', message);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REPEATED_CHARACTERS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** There is no hub at the path, or one with other answers. */
export function notAHub(path: string): ListingError {
  return new ListingError(404, 'not-a-hub', `what answers ${path} is not a hub of models`);
}
