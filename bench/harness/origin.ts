/** The bench's own origin as a child process: where it listens and what it has sent. */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { once } from 'node:events';
import { systemClock } from '#src/model/time.js';
import { within } from '#src/model/deferred.js';
import type { LongRunning, Processes } from './processes.js';
import type { NativeTools } from './native-tools.js';

/** It fills its objects first. */
const START_TIMEOUT_MS = 60_000;

/** How fast an origin sends, at most; as fast as it can where both are left out. */
export interface RateLimit {
  /** Of all connections together. */
  readonly bytesPerSecond?: number;
  /** Of each connection, in place of the other. */
  readonly connectionBytesPerSecond?: number;
}

export interface OriginOptions extends RateLimit {
  readonly objects: number;
  readonly objectBytes: number;
}

/** Counts since its start. */
export interface OriginStats {
  readonly requests: number;
  readonly bodyBytes: number;
}

export class Origin {
  readonly port: number;
  readonly process: LongRunning;

  private constructor(port: number, process: LongRunning) {
    this.port = port;
    this.process = process;
  }

  static async start(
    tools: NativeTools,
    processes: Processes,
    directory: string,
    options: OriginOptions,
  ): Promise<Origin> {
    const flags = [
      `--objects=${String(options.objects)}`,
      `--object-bytes=${String(options.objectBytes)}`,
      `--bytes-per-second=${String(options.bytesPerSecond ?? 0)}`,
      `--connection-bytes-per-second=${String(options.connectionBytesPerSecond ?? 0)}`,
    ].flatMap((flag) => flag.split('='));
    const process = processes.start([tools.origin, ...flags], {
      logFile: join(directory, 'origin.log'),
      holdInput: true,
      pipeOutput: true,
    });
    const { stdout } = process.child;
    if (stdout === null) throw new Error('the origin was started without its standard output');
    const [line] = (await within(once(createInterface({ input: stdout }), 'line'), {
      clock: systemClock,
      ms: START_TIMEOUT_MS,
      timedOut: () => new Error(`the origin did not start: ${process.said()}`),
      signal: processes.signal,
      aborted: () => new Error('interrupted'),
    })) as [string];
    const { port } = JSON.parse(line) as { readonly port: number };
    return new Origin(port, process);
  }

  async stats(): Promise<OriginStats> {
    const response = await fetch(`http://127.0.0.1:${String(this.port)}/_stats`);
    return (await response.json()) as OriginStats;
  }
}
