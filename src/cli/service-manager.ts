/**
 * Notifies the service manager of the program's state, as a systemd unit of `Type=notify-reload`
 * requires (sd_notify(3)). cli/serve calls it; without `NOTIFY_SOCKET` nothing is sent.
 */

export interface ServiceManager {
  /** Reports that it serves, after the start or a reload. `status` is a line for the operator. */
  ready(status: string): void;
  /** Reports that a reload begins; `ready` reports its end, even if it failed. */
  reloading(): void;
  /** Reports that it drains and will exit. */
  stopping(status: string): void;
}

/** Sends one message to a socket; throws when it cannot. */
export type Notify = (socket: string, text: string) => void;

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  /** CLOCK_MONOTONIC in microseconds, by which systemd relates a message to its reload request. */
  readonly monotonicMicros: () => bigint;
  /** Called once, for the first notification that fails; no further ones are sent. */
  readonly onFailure: (error: unknown) => void;
}

/** Returns the manager that started this process, or one that does nothing. */
export function serviceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, notify, monotonicMicros, onFailure } = options;
  const socket = env['NOTIFY_SOCKET'] ?? '';
  let failed = false;
  const send = (...lines: readonly string[]): void => {
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
      send('READY=1', `STATUS=${oneLine(status)}`);
    },
    reloading: () => {
      send('RELOADING=1', `MONOTONIC_USEC=${String(monotonicMicros())}`);
    },
    stopping: (status) => {
      send('STOPPING=1', `STATUS=${oneLine(status)}`);
    },
  };
}

/** Joins lines, as a line break would start another assignment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
