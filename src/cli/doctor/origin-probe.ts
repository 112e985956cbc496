/**
 * Requests one byte from an origin and reports how long each step took, or which one failed. The
 * request is like Forebay's own: a GET with Range and the configured fields. Does not follow
 * redirects.
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

/** The result of a probe. Durations are in ms; `null` for a step that was not needed. */
export type Probe =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The proxy through which it answered; `null` without one. */
      readonly proxy: ProxyAddress | null;
      readonly lookupMs: number | null;
      readonly connectMs: number;
      readonly tlsMs: number | null;
      readonly firstByteMs: number;
      /** The Date field, ms since the epoch; `null` without one. */
      readonly dateMs: number | null;
    }
  | { readonly kind: 'failed'; readonly step: ProbeStep; readonly why: string };

/** The settings of an origin that a probe uses. */
export type Probed = Pick<OriginConfig, 'url' | 'headers' | 'reach'>;

/** Probes one origin with Forebay's own connector and proxy. Never rejects. */
export async function probeOrigin(origin: Probed, timeoutMs: number, clock: Clock): Promise<Probe> {
  const begin = clock.monotonic();
  const ends: Partial<Record<ConnectStep, number>> = {};
  const late = new AbortController();
  const cancelTimer = clock.after(timeoutMs, () => {
    late.abort();
  });
  try {
    const reach = new Ways(origin.url, origin.reach).to(origin.url);
    const place = { url: origin.url, addresses: 'any', ...(reach && { reach }) } as const;
    const onStep = (step: ConnectStep): void => {
      ends[step] = clock.monotonic();
    };
    const socket = await connect(place, { clock, signal: late.signal, onStep });
    const { status, headers } = await request(socket, origin, reach, late.signal);
    const proxy = requestedProxy(origin.url, reach);
    const refusal = proxy && answerOfProxy(proxy, { status, headers });
    if (refusal !== null) throw refusal;
    const connected = ends.connect ?? begin;
    const date = Date.parse(headerValue(headers, 'date') ?? '');
    return {
      kind: 'answered',
      status,
      proxy: reach?.proxy ?? null,
      lookupMs: ends.lookup === undefined ? null : ends.lookup - begin,
      connectMs: connected - (ends.lookup ?? begin),
      tlsMs: ends.tls === undefined ? null : ends.tls - (ends.proxied ?? connected),
      firstByteMs: clock.monotonic() - (ends.tls ?? connected),
      dateMs: Number.isNaN(date) ? null : date,
    };
  } catch (error) {
    const step = failedStep(error, ends, origin.url.startsWith('https:'));
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

/** Sends the request; resolves to the head of the response and closes the connection. */
function request(
  socket: Socket,
  { url, headers }: Probed,
  reach: Reach | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const authorization = requestedProxy(url, reach)?.authorization ?? null;
  return new Promise((resolve, reject) => {
    const sent = http.request({
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
      sent.destroy(new Error('aborted'));
    };
    signal.addEventListener('abort', onAbort);
    sent.once('response', (response) => {
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: headersFromRaw(response.rawHeaders),
      });
      sent.destroy();
    });
    // Errors after the response, such as the reset caused by `destroy`, find a settled promise.
    sent.on('error', reject);
    sent.end();
    if (signal.aborted) onAbort();
  });
}

function failedStep(
  error: unknown,
  ends: Partial<Record<ConnectStep, number>>,
  secure: boolean,
): ProbeStep {
  const code = error instanceof ForebayError ? error.code : null;
  if (code === 'origin-dns') return 'name lookup';
  if (code === 'origin-proxy') return 'proxy';
  if (code === 'origin-tls') return 'TLS handshake';
  if (ends.connect === undefined) return 'connection';
  return secure && ends.tls === undefined ? 'TLS handshake' : 'response';
}

/** Returns the system's error name if there is one, as people search for it; else the message. */
function whyOf(error: unknown): string {
  if (error instanceof ForebayError && (error.code === 'origin-proxy' || !error.cause)) {
    return error.message;
  }
  const cause = error instanceof ForebayError ? error.cause : error;
  const reason = reasonOf(cause);
  return reason === '' ? String(cause) : reason;
}
