/**
 * Asks an origin for one byte and tells how long each step took, or at which one it failed. The
 * request is as Forebay's own are: a ranged GET with the configured fields; no redirect is followed.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { OriginConfig } from '../../config/schema.js';
import type { Clock } from '../../model/time.js';

export type ProbeStep = 'name lookup' | 'connection' | 'TLS handshake' | 'response';

/** Durations in ms; `null`: there was no such step. */
export type Probe =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly lookupMs: number | null;
      readonly connectMs: number;
      readonly tlsMs: number | null;
      readonly firstByteMs: number;
      /** The Date field, ms since the epoch; `null` without one. */
      readonly dateMs: number | null;
    }
  | { readonly kind: 'failed'; readonly step: ProbeStep; readonly why: string };

/** Probes one origin. Never rejects. */
export function probeOrigin(
  { url, headers }: Pick<OriginConfig, 'url' | 'headers'>,
  timeoutMs: number,
  clock: Clock,
): Promise<Probe> {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const begin = clock.monotonic();
    const at: { lookup?: number; connect?: number; tls?: number } = {};
    const request = (secure ? https : http).request(`${url}/`, {
      headers: { ...headers, range: 'bytes=0-0', 'accept-encoding': 'identity' },
      agent: false,
    });
    const cancelTimer = clock.after(timeoutMs, () => {
      request.destroy(new Error(`nothing within ${String(timeoutMs)} ms`));
    });
    const end = (probe: Probe): void => {
      cancelTimer();
      request.destroy();
      resolve(probe);
    };
    request.once('socket', (socket: Socket) => {
      // A literal address is "looked up" too, in no time.
      socket.once('lookup', () => (at.lookup = clock.monotonic()));
      socket.once('connect', () => (at.connect = clock.monotonic()));
      socket.once('secureConnect', () => (at.tls = clock.monotonic()));
    });
    request.once('response', (response) => {
      response.on('error', () => undefined);
      const connected = at.connect ?? begin;
      const date = Date.parse(response.headers.date ?? '');
      end({
        kind: 'answered',
        status: response.statusCode ?? 0,
        lookupMs: at.lookup === undefined ? null : at.lookup - begin,
        connectMs: connected - (at.lookup ?? begin),
        tlsMs: at.tls === undefined ? null : at.tls - connected,
        firstByteMs: clock.monotonic() - (at.tls ?? connected),
        dateMs: Number.isNaN(date) ? null : date,
      });
    });
    // What comes after the end, such as the reset of our own destroy, finds a settled promise.
    request.on('error', (error: NodeJS.ErrnoException) => {
      end({
        kind: 'failed',
        step: failedStep(error, at, secure),
        why: error.code ?? error.message,
      });
    });
    request.end();
  });
}

function failedStep(
  error: NodeJS.ErrnoException,
  at: { readonly connect?: number; readonly tls?: number },
  secure: boolean,
): ProbeStep {
  if (error.syscall === 'getaddrinfo') return 'name lookup';
  if (at.connect === undefined) return 'connection';
  return secure && at.tls === undefined ? 'TLS handshake' : 'response';
}
