/** Entry of a fill thread; compute/fill-pool calls its default export for each task. */
import { workerData } from 'node:worker_threads';
import type {
  FillResult,
  FillTask,
  OpenResult,
  OpenTask,
  WorkerSetup,
} from '../compute/protocol.js';
import { MemoryBudget } from '../model/memory-budget.js';
import { systemClock } from '../model/time.js';
import { FallbackClient } from '../origin/client.js';
import { GroupBuffers, type WorkerContext } from './context.js';
import { fillChunk } from './fill-chunk.js';
import { openResource } from './open.js';

const setup = workerData as WorkerSetup;

/** One client serves all lanes of this thread: it keeps each lane's connection between tasks. */
const context: WorkerContext = {
  client: new FallbackClient({ clock: systemClock }),
  clock: systemClock,
  random: Math.random,
  wakeFds: setup.wakeFds,
  memory: new MemoryBudget(setup.memoryLimitBytes, setup.memoryBudget),
  buffers: new GroupBuffers(),
};

export default function run(task: FillTask | OpenTask): Promise<FillResult | OpenResult> {
  switch (task.kind) {
    case 'fill':
      return fillChunk(task, context);
    case 'open':
      return openResource(task, context);
  }
}
