/** Child processes of the demo: one that answers requests over its message channel, and its end. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deferred, within } from '#src/model/deferred.js';
import { systemClock } from '#src/model/time.js';

/** How long a child may take to end when it is asked to; then it is killed. */
const END_TIMEOUT_MS = 5_000;

/** The longest that one answer may take: far more than a demo of a sensible size needs. */
export const REPLY_TIMEOUT_MS = 120_000;

/** Ends a child process and resolves when it is gone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = deferred<undefined>();
  child.once('exit', () => {
    exited.resolve(undefined);
  });
  const cancel = systemClock.after(END_TIMEOUT_MS, () => child.kill('SIGKILL'));
  child.kill('SIGTERM');
  await exited.promise;
  cancel();
}

/** A forked process that gives one reply to each request, in turn. */
export class Helper<Request extends object, Reply> {
  readonly #name: string;
  readonly #child: ChildProcess;

  /** `script` is a compiled module beside this one. */
  constructor(script: string) {
    this.#name = script;
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)), {
      // Standard output is the demo's own.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** Rejects when the process ends first, or takes longer than `REPLY_TIMEOUT_MS`. */
  async ask(request: Request): Promise<Reply> {
    const child = this.#child;
    const reply = deferred<Reply>();
    const onMessage = (message: unknown): void => {
      reply.resolve(message as Reply);
    };
    const onExit = (): void => {
      reply.reject(new Error(`${this.#name} ended before it answered`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
    try {
      if (child.connected) child.send(request);
      else onExit();
      return await within(reply.promise, {
        clock: systemClock,
        ms: REPLY_TIMEOUT_MS,
        timedOut: () => new Error(`${this.#name} did not answer in time`),
        aborted: () => new Error('interrupted'),
      });
    } finally {
      child.off('message', onMessage);
      child.off('exit', onExit);
    }
  }

  end(): Promise<void> {
    return endProcess(this.#child);
  }
}
