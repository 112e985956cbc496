/** The operations for supervisors and scrapers: health, readiness and metrics. */
import { z } from 'zod';
import type { Metrics } from '../../telemetry/metrics.js';
import { type Endpoint, endpoint, json } from '../endpoint.js';

/**
 * `listening`: clients can connect. `cacheDecided`: it is known whether chunks are stored or only
 * passed through memory. An origin's outage does not affect readiness, because held bytes can still
 * be served.
 */
export interface Readiness {
  readonly listening: boolean;
  readonly cacheDecided: boolean;
}

const readinessBody = z.object({
  ready: z.boolean(),
  listening: z.boolean(),
  cacheDecided: z.boolean(),
});

export function healthEndpoints(metrics: Metrics, readiness: () => Readiness): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/healthz',
      operationId: 'health',
      summary: 'Reports that the process runs.',
      mutates: false,
      answers: { 200: { description: 'The process runs.', type: 'text/plain' } },
      handle: () => ({ kind: 'text', status: 200, type: 'text/plain', text: 'ok\n' }),
    }),
    endpoint({
      method: 'GET',
      path: '/readyz',
      operationId: 'readiness',
      summary: 'Reports whether clients can be served.',
      mutates: false,
      answers: {
        200: { description: 'Ready.', schema: readinessBody },
        503: { description: 'Not ready yet, or shutting down.', schema: readinessBody },
      },
      handle: () => {
        const { listening, cacheDecided } = readiness();
        const ready = listening && cacheDecided;
        return json({ ready, listening, cacheDecided }, ready ? 200 : 503);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/metrics',
      operationId: 'metrics',
      summary: "Returns every metric in Prometheus' text format.",
      mutates: false,
      answers: { 200: { description: 'The samples.', type: 'text/plain' } },
      handle: async () => ({
        kind: 'text',
        status: 200,
        type: metrics.contentType,
        text: await metrics.text(),
      }),
    }),
  ];
}
