/**
 * The general client: undici, for every response that the lean reader does not understand (chunked
 * coding above all). Slower, never wrong: body bytes are counted, timers are ours, nothing is ever
 * decompressed. Used through client.ts.
 */
import type { Client } from 'undici';
import { ForebayError } from '../model/errors.js';
import type { BodySink, FetchOutcome, OriginClient, OriginRequest } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { requestTargetOf } from '../model/uri.js';
import { checkLiteralAddress, guardedLookup } from './address.js';
import { isStale, type ExchangeEnd } from './exchange-end.js';
import { connectionKey } from './lean-connection.js';
import { IDLE_CONNECTION_MS, type OriginClientOptions } from './options.js';
import { requestFields } from './request-head.js';
import { MAX_HEAD_BYTES } from './response-head.js';
import { cancelledError } from './transport-error.js';
import { guardedConnector } from './undici-connector.js';
import { UndiciExchange } from './undici-exchange.js';

/** A lane with a fetch, or with an undici `Client`, which holds at most one connection. */
type Lane =
  | { readonly kind: 'busy' }
  | { readonly kind: 'idle'; readonly key: string; readonly client: Client };

export class UndiciClient implements OriginClient {
  readonly #clock: Clock;
  readonly #ca: string | undefined;
  readonly #lanes = new Map<number, Lane>();

  constructor(options: OriginClientOptions) {
    this.#clock = options.clock;
    this.#ca = options.ca;
  }

  async fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome> {
    const { lane, target } = request;
    const fields = requestFields(request);
    checkLiteralAddress(new URL(target.url).hostname, target.addresses);
    const state = this.#lanes.get(lane);
    if (state?.kind === 'busy') {
      throw new ForebayError('internal', `lane ${String(lane)} already has a fetch`, {
        source: 'internal',
        retryable: false,
      });
    }
    this.#lanes.set(lane, { kind: 'busy' });
    try {
      let kept = state?.client;
      if (kept !== undefined && state?.key !== connectionKey(target)) {
        await kept.destroy();
        kept = undefined;
      }
      const end = await this.#exchange(request, fields, sink, kept);
      const settled =
        kept !== undefined && isStale(end)
          ? await this.#exchange(request, fields, sink, undefined)
          : end;
      if (settled.kind === 'failed') throw settled.error;
      return settled.outcome;
    } finally {
      if (this.#lanes.get(lane)?.kind === 'busy') this.#lanes.delete(lane);
    }
  }

  /** Closes a lane's idle connection; resolves when it is gone. */
  async release(lane: number): Promise<void> {
    const state = this.#lanes.get(lane);
    if (state?.kind !== 'idle') return;
    this.#lanes.delete(lane);
    await state.client.destroy();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.keys()].map((lane) => this.release(lane)));
  }

  async #exchange(
    request: OriginRequest,
    fields: readonly (readonly [string, string])[],
    sink: BodySink,
    kept: Client | undefined,
  ): Promise<ExchangeEnd> {
    const client = kept ?? (await this.#connect(request));
    if (request.signal.aborted) {
      await client.destroy();
      throw cancelledError();
    }
    const end = await new Promise<ExchangeEnd>((resolve) => {
      const exchange = new UndiciExchange(request, sink, this.#clock, resolve);
      const headers = Object.fromEntries(fields);
      const path = requestTargetOf(request.target.url);
      client.dispatch({ method: 'GET', path, headers }, exchange);
    });
    if (end.kind === 'outcome' && end.keepConnection) {
      const key = connectionKey(request.target);
      this.#lanes.set(request.lane, { kind: 'idle', key, client });
    } else {
      await client.destroy();
    }
    return end;
  }

  async #connect(request: OriginRequest): Promise<Client> {
    // Loaded on first need: most workers never need it, and it costs some 20 MB of memory.
    const undici = await import('undici');
    const { target } = request;
    return new undici.Client(new URL(target.url).origin, {
      pipelining: 1,
      maxHeaderSize: MAX_HEAD_BYTES,
      // Ours run instead, on the injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
      connect: guardedConnector(undici, {
        timeout: 0,
        lookup: guardedLookup(target.addresses),
        ...(this.#ca !== undefined && { ca: this.#ca }),
      }),
    });
  }
}
