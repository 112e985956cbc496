/** Entry of a verify thread; compute/verify-pool calls its default export for each task. */
import { workerData } from 'node:worker_threads';
import type { VerifyResult, VerifyTask, WorkerSetup } from '../compute/protocol.js';
import { GROUP_SIZE_BYTES } from '../model/chunk.js';
import { verifyChunk } from './verify-chunk.js';

const setup = workerData as WorkerSetup;
const buffer = new Uint8Array(GROUP_SIZE_BYTES);

export default function verify(task: VerifyTask): VerifyResult {
  return verifyChunk(task, buffer, setup.wakeFds);
}
