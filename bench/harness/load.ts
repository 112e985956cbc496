/** Runs the compiled load client once and reads what it measured. */
import type { NativeTools } from './native-tools.js';
import type { Processes } from './processes.js';

export type LoadOrder = 'random' | 'sequential' | 'shuffled' | 'unaligned';

/** What to ask for; bench/native/load_options.h says more on each. */
export interface Load {
  /** Left out: whole objects, without Range. */
  readonly rangeBytes?: number | undefined;
  readonly connections: number;
  readonly order?: LoadOrder | undefined;
  /** At least one of the two. */
  readonly requests?: number | undefined;
  readonly seconds?: number | undefined;
  readonly pauseSeconds?: number | undefined;
  readonly verify?: boolean | undefined;
  readonly idleConnections?: number | undefined;
  readonly slowConnections?: number | undefined;
  readonly slowBytesPerSecond?: number | undefined;
  readonly seed?: number | undefined;
  /** Indices of the objects to read; the first alone when it is left out. */
  readonly objects?: readonly number[] | undefined;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface LoadCounts {
  readonly bytes: number;
  readonly requests: number;
  readonly reconnects: number;
  readonly errors: number;
  readonly errorKinds: Readonly<Record<string, number>>;
  readonly firstError: string;
  /** To the first byte of a body. */
  readonly ttfbMs: Percentiles;
  readonly latencyMs: Percentiles;
}

export interface LoadResult extends LoadCounts {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly slow: LoadCounts;
  readonly idle: { readonly opened: number; readonly lost: number };
}

export interface LoadTarget {
  readonly port: number;
  readonly objectBytes: number;
  /** What stands before `/objects/N`. */
  readonly prefix?: string | undefined;
}

/**
 * A run that is not over by then is an error of the harness: the client gives up stalled ones
 * itself.
 */
const TIMEOUT_MS = 300_000;

/** More threads than this measure the client. */
const MAX_THREADS = 2;

/** A load that runs; `stop` ends it early, and its result is then what it has. */
export interface RunningLoad {
  readonly result: Promise<LoadResult>;
  readonly stop: () => void;
}

export function runLoad(
  tools: NativeTools,
  processes: Processes,
  target: LoadTarget,
  load: Load,
): Promise<LoadResult> {
  return startLoad(tools, processes, target, load).result;
}

export function startLoad(
  tools: NativeTools,
  processes: Processes,
  { port, objectBytes, prefix = '' }: LoadTarget,
  load: Load,
): RunningLoad {
  const objects = load.objects ?? [0];
  const flags: Record<string, string | number | undefined> = {
    port,
    'object-bytes': objectBytes,
    paths: objects.map((index) => `${prefix}/objects/${String(index)}`).join(','),
    objects: objects.join(','),
    'range-bytes': load.rangeBytes,
    order: load.order,
    connections: load.connections,
    threads: Math.min(load.connections, MAX_THREADS),
    requests: load.requests,
    seconds: load.seconds,
    'pause-seconds': load.pauseSeconds,
    mode: load.verify === true ? 'verify' : 'discard',
    'idle-connections': load.idleConnections,
    'slow-connections': load.slowConnections,
    'slow-bytes-per-second': load.slowBytesPerSecond,
    seed: load.seed,
  };
  const args = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const running = processes.startTool([tools.load, ...args], TIMEOUT_MS);
  return {
    result: running.output.then((out) => JSON.parse(out) as LoadResult),
    stop: running.stop,
  };
}
