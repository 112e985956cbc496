/** What the cache holds, in figures. */
import type { StoreUsage } from '../../model/store.js';
import { type Endpoint, endpoint, json } from '../endpoint.js';
import { cacheStatusSchema, type CacheStatus } from '../shapes.js';

export interface CacheViewDeps {
  /** Absolute. */
  readonly directory: string;
  readonly usage: () => StoreUsage;
  /** Response records on disk. */
  readonly responses: () => number;
}

export function cacheEndpoints({ directory, usage, responses }: CacheViewDeps): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/cache',
      operationId: 'describeCache',
      summary: 'How full the cache is.',
      mutates: false,
      answers: { 200: { description: 'The figures.', schema: cacheStatusSchema } },
      handle: () => {
        const { evictedBytesTotal: evictedBytes, ...figures } = usage();
        return json({
          directory,
          ...figures,
          evictedBytes,
          responses: responses(),
        } satisfies CacheStatus);
      },
    }),
  ];
}
