/** Log, access log and metrics together, as assemble hands them to the rooms below. */
import { AccessLog } from './access-log.js';
import { createLog, type Log, type LogLevel } from './log.js';
import { Metrics } from './metrics.js';

export interface Telemetry {
  readonly log: Log;
  readonly accessLog: AccessLog;
  readonly metrics: Metrics;
  /** Writes out buffered log lines; before the process ends. */
  readonly flush: () => void;
}

/** Any `LogConfig` is one. */
export interface TelemetryOptions {
  readonly level: LogLevel;
  /** Whether each request is logged with a line. */
  readonly access: boolean;
}

/** Builds the three; `sink` replaces standard output. */
export function createTelemetry(
  options: TelemetryOptions,
  sink?: { write(line: string): void },
): Telemetry {
  const { log, flush } = createLog(options.level, sink);
  return { log, flush, accessLog: new AccessLog(log, options.access), metrics: new Metrics() };
}
