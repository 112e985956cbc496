/**
 * What the suites of the `ChunkStore` contract are run against, and the bounds that they ask for.
 */
import type { Test } from 'tap';
import type { ChunkStore } from '#src/model/store.js';
import { TEST_CHUNK_BYTES } from '../fixtures/store-chunks.js';

export interface ContractSubject {
  readonly chunks: ChunkStore;
}

/** Makes an empty store of chunks of `TEST_CHUNK_BYTES` for one test, closed with it. */
export type MakeStore = (
  t: Test,
  bounds: { readonly capacityBytes: number; readonly memoryBytes: number },
) => Promise<ContractSubject>;

export const ROOMY = { capacityBytes: 64 * TEST_CHUNK_BYTES, memoryBytes: 4 * TEST_CHUNK_BYTES };
/** Room for some five whole chunks, and nothing in memory. */
export const TIGHT = { capacityBytes: 6 * TEST_CHUNK_BYTES, memoryBytes: 0 };
