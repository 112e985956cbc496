/**
 * Collects log lines and writes many with one call: at 45,000 requests a second a system call for
 * each line would cost more than a small hit. Used by telemetry/log for the access log.
 */

/** Characters that are written at once: some 150 access lines. */
const BATCH_CHARACTERS = 32 * 1024;

/** How long a line may wait, in ms: a reader at a terminal does not notice it. */
export const BATCH_MS = 100;

/** Where lines go, one or many with each call, newlines included. */
export interface LogSink {
  write(lines: string): void;
}

export class LineBatch {
  readonly #sink: LogSink;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** Adds a line, newline included. */
  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= BATCH_CHARACTERS) this.flush();
    // Waits for nothing that runs: a process that ends flushes.
    else this.#timer ??= setTimeout(this.flush.bind(this), BATCH_MS).unref();
  }

  /** Writes the lines added so far, in order. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    this.#sink.write(text);
  }
}
