/**
 * Requests one byte from an origin and measures each step, or names the step that failed. The
 * request is like Forebay's own: a ranged GET with the configured fields; redirects are not
 * followed.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { OriginConfig } from '../../config/schema.js';
import { ForebayError } from '../../model/errors.js';
import { headersFromRaw, headerValue, type HeaderMap } from '../../model/headers.js';
import type { ProxyAddress, Reach } from '../../model/reach.js';
import type { Clock } from '../../model/time.js';
import { connect, type ConnectStep } from '../../origin/connect.js';
import { answerOfProxy } from '../../origin/proxy-error.js';
import { requestedProxy, Ways } from '../../origin/reach.js';
import { requestTarget } from '../../origin/request-head.js';
import { reasonOf } from '../../origin/transport-error.js';

export type ProbeStep = 'name lookup' | 'connection' | 'proxy' | 'TLS handshake' | 'response';

/** Durations in ms; `null`: there was no such step. */
export type Probe =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Through which it answered. */
      readonly proxy: ProxyAddress | null;
      readonly lookupMs: number | null;
      readonly connectMs: number;
      readonly tlsMs: number | null;
      readonly firstByteMs: number;
      /** The Date field, ms since the epoch; `null` without one. */
      readonly dateMs: number | null;
    }
  | { readonly kind: 'failed'; readonly step: ProbeStep; readonly why: string };

/** What an origin is probed by. */
export type Probed = Pick<OriginConfig, 'url' | 'headers' | 'reach'>;

/** Probes one origin, the way that Forebay itself goes. Never rejects. */
export async function probeOrigin(origin: Probed, timeoutMs: number, clock: Clock): Promise<Probe> {
  const begin = clock.monotonic();
  const at: Partial<Record<ConnectStep, number>> = {};
  const late = new AbortController();
  const cancelTimer = clock.after(timeoutMs, () => {
    late.abort();
  });
  try {
    const reach = new Ways(origin.url, origin.reach).to(origin.url);
    const place = { url: origin.url, addresses: 'any', ...(reach && { reach }) } as const;
    const onStep = (step: ConnectStep): void => {
      at[step] = clock.monotonic();
    };
    const socket = await connect(place, { clock, signal: late.signal, onStep });
    const { status, headers } = await ask(socket, origin, reach, late.signal);
    const proxy = requestedProxy(origin.url, reach);
    const refusal = proxy && answerOfProxy(proxy, { status, headers });
    if (refusal !== null) throw refusal;
    const connected = at.connect ?? begin;
    const date = Date.parse(headerValue(headers, 'date') ?? '');
    return {
      kind: 'answered',
      status,
      proxy: reach?.proxy ?? null,
      lookupMs: at.lookup === undefined ? null : at.lookup - begin,
      connectMs: connected - (at.lookup ?? begin),
      tlsMs: at.tls === undefined ? null : at.tls - (at.proxied ?? connected),
      firstByteMs: clock.monotonic() - (at.tls ?? connected),
      dateMs: Number.isNaN(date) ? null : date,
    };
  } catch (error) {
    const step = failedStep(error, at, origin.url.startsWith('https:'));
    const why = late.signal.aborted ? `nothing within ${String(timeoutMs)} ms` : whyOf(error);
    return { kind: 'failed', step, why };
  } finally {
    cancelTimer();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: HeaderMap;
}

/** The head of one answer; the connection is gone afterwards. */
function ask(
  socket: Socket,
  { url, headers }: Probed,
  reach: Reach | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const authorization = requestedProxy(url, reach)?.authorization ?? null;
  return new Promise((resolve, reject) => {
    const request = http.request({
      path: requestTarget({ url: `${url}/`, ...(reach && { reach }) }),
      headers: {
        ...headers,
        host: new URL(url).host,
        range: 'bytes=0-0',
        'accept-encoding': 'identity',
        ...(authorization !== null && { 'proxy-authorization': authorization }),
      },
      createConnection: () => socket,
    });
    const onAbort = (): void => {
      request.destroy(new Error('aborted'));
    };
    signal.addEventListener('abort', onAbort);
    request.once('response', (response) => {
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: headersFromRaw(response.rawHeaders),
      });
      request.destroy();
    });
    // Later events, such as the reset of the probe's own destroy, find a settled promise.
    request.on('error', reject);
    request.end();
    if (signal.aborted) onAbort();
  });
}

function failedStep(
  error: unknown,
  at: Partial<Record<ConnectStep, number>>,
  secure: boolean,
): ProbeStep {
  const code = error instanceof ForebayError ? error.code : null;
  if (code === 'origin-dns') return 'name lookup';
  if (code === 'origin-proxy') return 'proxy';
  if (code === 'origin-tls') return 'TLS handshake';
  if (at.connect === undefined) return 'connection';
  return secure && at.tls === undefined ? 'TLS handshake' : 'response';
}

/** The system's error name, if there is one: people search for it. */
function whyOf(error: unknown): string {
  if (error instanceof ForebayError && (error.code === 'origin-proxy' || !error.cause)) {
    return error.message;
  }
  const cause = error instanceof ForebayError ? error.cause : error;
  const reason = reasonOf(cause);
  return reason === '' ? String(cause) : reason;
}
