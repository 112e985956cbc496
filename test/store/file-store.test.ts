/**
 * Runs the chunk store contract on the real file system. What only a file system can do is tested
 * in the folders beside this file.
 */
import t from 'tap';
import { MemoryBudget } from '#src/model/memory-budget.js';
import { chunkStoreContract } from '../contract/chunk-store.js';
import { openTestStore } from '../fixtures/store-opening.js';

chunkStoreContract(t, async (t, { capacityBytes, memoryBytes }) => {
  t.testdir({});
  return openTestStore(t, { capacityBytes, memory: new MemoryBudget(memoryBytes) });
});
