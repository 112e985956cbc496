/** The operation that shows how full the cache is. */
import type { StoreUsage } from '../../model/store.js';
import { type Endpoint, endpoint, json } from '../endpoint.js';
import { cacheStatusSchema, type CacheStatus } from '../shapes.js';

export interface CacheViewDeps {
  /** An absolute path. */
  readonly directory: string;
  readonly usage: () => StoreUsage;
  /** Returns the number of response records on disk. */
  readonly responses: () => number;
}

export function cacheEndpoints({ directory, usage, responses }: CacheViewDeps): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/cache',
      operationId: 'describeCache',
      summary: 'Returns how full the cache is.',
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
