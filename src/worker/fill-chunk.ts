/** Runs a `FillTask`: fetches one missing chunk of a known representation into its file. */
import type { FetchReport, FillResult, FillTask } from '../compute/protocol.js';
import { WatermarkWriter } from '../compute/watermark.js';
import { DEFAULT_CHUNK_SIZE_BYTES } from '../model/chunk.js';
import { type ForebayError, reportError } from '../model/errors.js';
import { CancelWatch } from './cancel-watch.js';
import { fetchChunk } from './chunk-fetch.js';
import { ChunkWriter } from './chunk-writer.js';
import type { WorkerContext } from './context.js';
import { StatsCollector } from './fetch-stats.js';

/**
 * The first 200 to a range request is refused, because the next response may be a 206. After that,
 * the bytes before the chunk are read and discarded if they are no more than this; otherwise the
 * main thread switches to one stream of the whole.
 */
const MAX_SLICE_SKIP_BYTES = DEFAULT_CHUNK_SIZE_BYTES;

/**
 * Fetches, hashes and writes the chunk. Never rejects. After `filled` the watermark is complete, or
 * withheld. After any other result it is still growing, or has failed if the task was cancelled.
 */
export async function fillChunk(task: FillTask, context: WorkerContext): Promise<FillResult> {
  const { slot, completeLength, validator, target, lane, limits } = task;
  const buffer = context.buffers.take();
  const wholeObject = slot.start === 0 && slot.lengthBytes === completeLength;
  const writer = new ChunkWriter(slot, { wholeObject }, buffer, context);
  const cancel = new CancelWatch(() => writer.cancelled, context.clock);
  const stats = new StatsCollector();
  const progress = new WatermarkWriter(slot.watermark, [], context.clock);
  const report = (): FetchReport => ({
    stats: stats.stats,
    diskFailure: writer.diskFailure,
  });
  const failed = (error: ForebayError): FillResult => {
    if (error.code === 'cancelled') writer.abandon();
    if (error.code === 'origin-corrupt') return { ...report(), kind: 'corrupt' };
    return { ...report(), kind: 'failed', error: reportError(error) };
  };
  try {
    const outcome = await fetchChunk(
      {
        known: { completeLength, validator },
        slice: { patience: 1, maxSkipBytes: MAX_SLICE_SKIP_BYTES },
        brokenBy: null,
      },
      writer,
      { context, lane, target, limits, stats, cancel, progress },
    );
    switch (outcome.kind) {
      case 'delivered':
        return { ...report(), kind: 'filled', chunk: writer.finish(wholeObject) };
      case 'failed':
        return failed(outcome.error);
      case 'resolve-again':
      case 'changed':
      case 'no-ranges':
        return { ...report(), kind: outcome.kind, head: outcome.head };
    }
  } finally {
    cancel.stop();
    context.buffers.give(buffer);
  }
}
