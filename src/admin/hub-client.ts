/**
 * Queries a Hub's API as clients do, through the mirror mounted at `/`, so that the same cache and
 * the same permissions apply. Used by admin/hub-model.
 */
import type { CacheAnswer, CacheFacade } from '../cache/api/facade.js';
import { route } from '../http/request/route.js';
import { readBody } from '../hub/read-body.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { Clock } from '../model/time.js';
import type { PullOrigin } from './pull-target.js';

/** How much of the hub's refusal message is repeated. */
const MAX_MESSAGE_CHARACTERS = 200;

export interface HubDeps {
  readonly cache: CacheFacade;
  readonly origins: () => readonly PullOrigin[];
  readonly clock: Clock;
}

/** A model cannot be listed; `status` and `code` are the admin API's answer. */
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

/** An unvalidated JSON answer and its header fields. `value` is `undefined` when it is not JSON. */
export interface HubAnswer {
  readonly value: unknown;
  readonly headers: HeaderMap;
}

export class HubClient {
  readonly #deps: HubDeps;
  readonly #credentials: HeaderMap;
  readonly #signal: AbortSignal;
  readonly #boundMs: number;

  /** `signal` must abort within `boundMs`, which also bounds each wait for bytes. */
  constructor(deps: HubDeps, credentials: HeaderMap, signal: AbortSignal, boundMs: number) {
    this.#deps = deps;
    this.#credentials = credentials;
    this.#signal = signal;
    this.#boundMs = boundMs;
  }

  /** Sends a GET for a path of the client listener. Rejects with a `ListingError`. */
  async get(path: string): Promise<HubAnswer> {
    const routed = route(path, this.#deps.origins());
    if (routed.kind === 'refused') {
      const message = `no origin serves ${path}: to pull a model, mount the mirror of a hub at /`;
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
    if (this.#signal.aborted)
      return new ListingError(503, 'hub-slow', 'the hub took too long; try again');
    if (originStatus !== undefined) return refused(originStatus, emptyHeaders());
    if (code === 'origin-denied') return refused(403, emptyHeaders());
    return new ListingError(
      503,
      'hub-unavailable',
      `the hub cannot be reached: ${code}: ${message}`,
    );
  }
}

/** Returns the error for the hub's refusal, with the hub's own message. */
function refused(status: number, headers: HeaderMap): ListingError {
  const parts = [headerValue(headers, 'x-error-code'), headerValue(headers, 'x-error-message')];
  const words = printable(parts.filter((part) => part !== undefined).join(': '));
  const message = `the hub answered ${String(status)}${words === '' ? '' : `: ${words}`}`;
  if (status === 401 || status === 403) return new ListingError(404, 'model-denied', message);
  if (status === 429 || status >= 500) return new ListingError(503, 'hub-unavailable', message);
  return new ListingError(404, 'no-such-model', message);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_MESSAGE_CHARACTERS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the error for an answer that no hub sends. */
export function notAHub(path: string): ListingError {
  const message = `the server that answered ${path} is not a hub of models`;
  return new ListingError(404, 'not-a-hub', message);
}
