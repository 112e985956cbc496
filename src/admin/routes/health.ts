/** Health, readiness and metrics, for supervisors and scrapers. */
import { z } from 'zod';
import type { Metrics } from '../../telemetry/metrics.js';
import { type Endpoint, endpoint, json } from '../endpoint.js';

/**
 * `listening`: clients can connect. `cacheDecided`: it is known whether chunks can be stored. An
 * origin's outage does not matter: held chunks can be served.
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
      summary: 'Says that the process runs.',
      mutates: false,
      answers: { 200: { description: 'It does.', type: 'text/plain' } },
      handle: () => ({ kind: 'text', status: 200, type: 'text/plain', text: 'ok\n' }),
    }),
    endpoint({
      method: 'GET',
      path: '/readyz',
      operationId: 'readiness',
      summary: 'Says whether clients can be served.',
      mutates: false,
      answers: {
        200: { description: 'They can.', schema: readinessBody },
        503: { description: 'Not yet, or not any more.', schema: readinessBody },
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
      summary: "Every metric, in Prometheus' text format.",
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
