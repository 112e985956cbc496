/** Log, access log and metrics together, as assemble hands them to the rooms below. */
import { AccessLog } from './access-log.js';
import { createLog, type Log, type LogLevel, type LogOptions, type LogSink } from './log.js';
import type { Tracer } from '../model/span.js';
import { Metrics } from './metrics.js';

export interface Telemetry {
  readonly log: Log;
  readonly accessLog: AccessLog;
  readonly metrics: Metrics;
  /** Makes spans; `null` where tracing is off. */
  readonly tracer: Tracer | null;
  /** Takes what the log is to be from now on. */
  readonly reconfigure: (options: TelemetryOptions) => void;
  /** Writes out buffered log lines; before the process ends. */
  readonly flush: () => void;
}

/** Any `LogConfig` is one. */
export interface TelemetryOptions extends LogOptions {
  /** Whether each request is logged with a line. */
  readonly access: boolean;
}

/** Levels of the log that write `info`. */
const WRITE_INFO: ReadonlySet<LogLevel> = new Set(['trace', 'debug', 'info']);

/** Builds the three; `sink` replaces standard output. */
export function createTelemetry(
  options: TelemetryOptions,
  sink?: LogSink,
): Telemetry & { tracer: Tracer | null } {
  const { log, flush, reconfigure } = createLog(options, sink);
  const accessLog = new AccessLog(log, writesAccess(options));
  return {
    log,
    flush,
    accessLog,
    metrics: new Metrics(),
    tracer: null,
    reconfigure: (next) => {
      reconfigure(next);
      accessLog.enabled = writesAccess(next);
    },
  };
}

/** Its lines are of level `info`; where that is not written none need be made. */
function writesAccess({ access, level }: TelemetryOptions): boolean {
  return access && WRITE_INFO.has(level);
}
