/**
 * Reports the program's state to the service manager, for a systemd unit of `Type=notify-reload`
 * (sd_notify(3)). Used by cli/serve; without `NOTIFY_SOCKET` nothing is reported.
 */

export interface ServiceManager {
  /** It serves, at first or again after a reload. `status` is a line for people. */
  ready(status: string): void;
  /** A reload begins; `ready` ends it, whether or not it succeeded. */
  reloading(): void;
  /** It drains and will end. */
  stopping(status: string): void;
}

/** Sends one message to a socket; throws when it cannot. */
export type Notify = (socket: string, text: string) => void;

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  /** CLOCK_MONOTONIC in microseconds: identifies the reload that a message is about. */
  readonly monotonicMicros: () => bigint;
  /** Called once if the manager cannot be reached. */
  readonly onFailure: (error: unknown) => void;
}

/** The manager that started this process; without one the calls do nothing. */
export function serviceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, notify, monotonicMicros, onFailure } = options;
  const socket = env['NOTIFY_SOCKET'] ?? '';
  let failed = false;
  const tell = (...lines: readonly string[]): void => {
    if (socket === '' || failed) return;
    try {
      notify(socket, `${lines.join('\n')}\n`);
    } catch (error) {
      failed = true;
      onFailure(error);
    }
  };
  return {
    ready: (status) => {
      tell('READY=1', `STATUS=${oneLine(status)}`);
    },
    reloading: () => {
      tell('RELOADING=1', `MONOTONIC_USEC=${String(monotonicMicros())}`);
    },
    stopping: (status) => {
      tell('STOPPING=1', `STATUS=${oneLine(status)}`);
    },
  };
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
