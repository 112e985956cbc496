/** `forebay status`: prints the state of a Forebay on one screen. */
import { Command } from 'commander';
import { formatSize } from '../../config/units.js';
import type { CacheStatus } from '../api-types.js';
import type { CommandContext } from '../context.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';
import { etaText } from '../pull-watch.js';
import { readSamples, type Sample, sumOf } from '../samples.js';
import { withSession } from '../session.js';

type BreakerState = 'closed' | 'half-open' | 'open';

/** Indexed by the value of the metric, as in docs/METRICS.md. */
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

interface Status {
  /** False when no Forebay runs; the values are those of the cache directory then. */
  readonly running: boolean;
  readonly version: string;
  readonly uptimeMs: number;
  readonly cache: CacheStatus;
  readonly requests: {
    readonly total: number;
    readonly hits: number;
    /** `null` before the first request. */
    readonly hitRatio: number | null;
    readonly inFlight: number;
  };
  readonly fills: { readonly running: number; readonly queued: number };
  readonly clientBytes: number;
  readonly originBytes: number;
  readonly breakers: readonly { readonly origin: string; readonly state: BreakerState }[];
}

export function statusCommand(context: CommandContext): Command {
  return withSettings(new Command('status'))
    .description('Print the state of the running Forebay, or what its cache holds.')
    .allowExcessArguments(false)
    .action(async (_options: object, command: Command) => {
      const output = new Output(context.terminal, commonFlags(command));
      const status = await withSession(
        context,
        settingTexts(command),
        output,
        async ({ client, isRunning }) => {
          const cache = await client.cache();
          const samples = readSamples(await client.metrics());
          return describe(isRunning, cache, samples, context.clock.now());
        },
      );
      output.result(status, () => statusLines(status, output).join('\n'));
    });
}

function describe(
  running: boolean,
  cache: CacheStatus,
  samples: readonly Sample[],
  nowMs: number,
): Status {
  const total = sumOf(samples, 'forebay_requests_total');
  const hits = sumOf(samples, 'forebay_requests_total', { result: 'hit' });
  const startedS = sumOf(samples, 'process_start_time_seconds');
  return {
    running,
    version: samples.find(({ name }) => name === 'forebay_build_info')?.labels['version'] ?? '',
    uptimeMs: Math.max(0, Math.round(nowMs - startedS * 1000)),
    cache,
    requests: {
      total,
      hits,
      hitRatio: total === 0 ? null : hits / total,
      inFlight: sumOf(samples, 'forebay_inflight_requests'),
    },
    fills: {
      running: sumOf(samples, 'forebay_inflight_fills'),
      queued: sumOf(samples, 'forebay_queued_fills'),
    },
    clientBytes: sumOf(samples, 'forebay_client_bytes_total'),
    originBytes: sumOf(samples, 'forebay_origin_bytes_total'),
    breakers: samples
      .filter(({ name }) => name === 'forebay_origin_breaker_state')
      .map(({ labels, value }) => ({
        origin: labels['origin'] ?? '',
        state: BREAKER_STATES[value] ?? 'open',
      })),
  };
}

function statusLines(status: Status, output: Output): readonly string[] {
  const { cache, requests, fills } = status;
  const used = cache.capacityBytes === 0 ? 0 : cache.usedBytes / cache.capacityBytes;
  const hitRatio =
    requests.hitRatio === null ? 'no requests yet' : `${percent(requests.hitRatio)} hits`;
  return [
    `Forebay ${status.version}, ${status.running ? `up ${etaText(status.uptimeMs)}` : 'not running'}`,
    `cache     ${cache.directory}${cache.writable ? '' : output.paint('red', ', not writable')}`,
    `capacity  ${formatSize(cache.usedBytes)} of ${formatSize(cache.capacityBytes)} (${percent(used)}), ${formatSize(cache.reservedBytes)} reserved`,
    `holds     ${String(cache.objects)} objects, ${String(cache.chunks)} chunks, ${String(cache.responses)} responses`,
    ...(status.running
      ? [
          `requests  ${String(requests.total)} ended, ${String(requests.inFlight)} running; ${hitRatio}`,
          `fetches   ${String(fills.running)} running, ${String(fills.queued)} queued`,
          `bytes     ${formatSize(status.clientBytes)} to clients, ${formatSize(status.originBytes)} from origins`,
          ...status.breakers.map(({ origin, state }) => breakerLine(origin, state, output)),
        ]
      : []),
  ];
}

function breakerLine(origin: string, state: BreakerState, output: Output): string {
  switch (state) {
    case 'closed':
      return `origin    ${origin}: ${output.paint('green', 'in use')}`;
    case 'half-open':
      return `origin    ${origin}: ${output.paint('yellow', 'failed repeatedly, trying it again')}`;
    case 'open':
      return `origin    ${origin}: ${output.paint('red', 'failed repeatedly, not contacted for a while')}`;
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
