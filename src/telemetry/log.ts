/**
 * The program's log: JSON lines on standard output through pino, or text made of these. `createLog`
 * is called once, by assemble; everything else gets the `Log`.
 */
import { destination, pino, stdTimeFunctions } from 'pino';
import { shownText } from '../model/shown-url.js';
import { textLine } from './text-line.js';

/** Fields first, then a message that is the same for every entry of its kind. */
export interface Log {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type LogFormat = 'json' | 'text';

/** Which entries are written, and how. Any `LogConfig` is one. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** Where lines go, each with its newline. */
export interface LogSink {
  write(line: string): void;
}

export interface LogHandle {
  readonly log: Log;
  /** Takes effect with the next entry. */
  readonly reconfigure: (options: LogOptions) => void;
  /** Writes buffered lines; to be called before the process ends. */
  readonly flush: () => void;
}

/** Never written, wherever a caller puts them: credentials, and URLs, which may be signed. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-amz-security-token',
  'url',
  'token',
];

/** pino matches a path at its depth only: alone, in an object, and in that object's headers. */
const REDACTED_PATHS = SECRET_FIELDS.flatMap((name) => [
  `["${name}"]`,
  `*["${name}"]`,
  `*.headers["${name}"]`,
]);

/** Fields with words of errors: of a system's or a library's, which may repeat a URL. */
const ERROR_FIELDS = ['reason', 'error'] as const;

function withoutQueries(fields: Record<string, unknown>): Record<string, unknown> {
  let shown = fields;
  for (const name of ERROR_FIELDS) {
    const text = fields[name];
    if (typeof text === 'string') shown = { ...shown, [name]: shownText(text) };
  }
  return shown;
}

/**
 * Log bytes that wait for a blocked standard output; beyond them entries are dropped, not served
 * late.
 */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Without `sink`, entries go to standard output from outside the event loop. */
export function createLog(options: LogOptions, sink?: LogSink): LogHandle {
  const stdout =
    sink === undefined
      ? destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED_BYTES })
      : undefined;
  const target: LogSink | undefined = stdout ?? sink;
  let { format } = options;
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutQueries },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    },
    { write: (line) => target?.write(format === 'text' ? textLine(line) : line) },
  );
  return {
    log,
    reconfigure: (next) => {
      log.level = next.level;
      ({ format } = next);
    },
    flush: () => {
      try {
        stdout?.flushSync();
      } catch {
        // Standard output was never opened, or is gone: nothing can be reported.
      }
    },
  };
}
