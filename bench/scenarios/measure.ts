/**
 * Measures one load on one instance: what clients saw, what it cost the peer, what the origin sent.
 */
import type { Instance } from '../harness/instance.js';
import { type Load, type LoadResult, runLoad } from '../harness/load.js';
import { resetPeaks, treeCost } from '../harness/process-tree.js';
import type { Stage } from '../harness/stage.js';
import type { Metrics } from '../report/metrics.js';

/**
 * Dirty pages of whatever ran before are written back first, or their writing would be measured.
 */
const SYNC_TIMEOUT_MS = 120_000;

export async function settleDisk(stage: Stage): Promise<void> {
  if (!stage.settings.quick) await stage.processes.run(['sync'], SYNC_TIMEOUT_MS);
}

export interface Measured {
  readonly metrics: Metrics;
  /** What the first client met that was wrong; `null` when nothing was. */
  readonly failure: string | null;
}

/** Runs `action` and adds the costs; `wantedBytes` is what the origin would send once for it. */
export async function measure(
  instance: Instance,
  wantedBytes: number,
  action: () => Promise<LoadResult>,
): Promise<Measured> {
  resetPeaks(instance.pid);
  const costBefore = treeCost(instance.pid);
  const sentBefore = await instance.origin.stats();
  const result = await action();
  const cost = treeCost(instance.pid);
  const sent = await instance.origin.stats();
  return {
    failure: failureOf(result),
    metrics: withoutMissing({
      ...clientMetrics(result),
      cpuSecondsPerGigabyte: (cost.cpuSeconds - costBefore.cpuSeconds) / (result.bytes / 1e9),
      peakRssBytes: cost.peakRssBytes,
      originMultiple: (sent.bodyBytes - sentBefore.bodyBytes) / wantedBytes,
      originRequests: sent.requests - sentBefore.requests,
    }),
  };
}

/** What a client met that was wrong; `null` when nothing was. */
export function failureOf({ errors, firstError, bytes }: LoadResult): string | null {
  if (errors > 0) return firstError;
  return bytes === 0 ? 'no byte came before the trial ended' : null;
}

export function clientMetrics(result: LoadResult): Metrics {
  const { bytes, requests, seconds, ttfbMs, latencyMs } = result;
  const gigabytes = bytes / 1e9;
  return withoutMissing({
    gigabytesPerSecond: gigabytes / seconds,
    requestsPerSecond: requests / seconds,
    seconds,
    ttfbP50Ms: ttfbMs.p50,
    ttfbP99Ms: ttfbMs.p99,
    latencyP50Ms: latencyMs.p50,
    latencyP99Ms: latencyMs.p99,
    clientCpuSecondsPerGigabyte: result.cpuSeconds / gigabytes,
  });
}

export function loadOn(stage: Stage, instance: Instance, load: Load): Promise<LoadResult> {
  const { objectBytes } = stage.settings;
  return runLoad(stage.tools, stage.processes, { ...instance.target, objectBytes }, load);
}

function withoutMissing(values: Readonly<Record<string, number | null>>): Metrics {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && Number.isFinite(value)),
  );
}
