/**
 * `forebay serve`: loads the configuration, assembles and starts the program, prints a summary, and
 * shuts down at a stop signal. SIGHUP loads the configuration anew. Called by commands/serve.
 */
import type { Application } from '../assemble.js';
import type { ReloadOutcome } from '../assemble/reloading.js';
import { resolveCapacity } from '../config/capacity.js';
import { formatAddress } from '../config/kinds.js';
import { loadConfig } from '../config/load.js';
import type { Config, ResolvedConfig } from '../config/schema.js';
import { formatDuration } from '../config/units.js';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.js';
import { type ServiceManager, serviceManager } from './service-manager.js';
import { summaryLines } from './summary.js';
import type { StopSignal, Terminal } from './terminal.js';

const NANOS_PER_MICRO = 1000n;

/** The function that src/assemble.ts exports. */
export type Assemble = (config: ResolvedConfig, version: string) => Promise<Application>;

type BoundAddresses = Awaited<ReturnType<Application['start']>>;

export interface ServeInput {
  /** Texts by flag, dashes included. */
  readonly flags: Readonly<Record<string, string>>;
  readonly version: string;
  readonly terminal: Terminal;
  /** Imports `assemble`; called once the configuration is checked. */
  readonly loadAssemble: () => Promise<Assemble>;
}

/**
 * Serves until a stop signal. The first one drains (exit code 0), a second one ends the process at
 * once (130). Rejects with errors that cli/failure classifies when the program cannot start or
 * stop.
 */
export async function serve({
  flags,
  version,
  terminal,
  loadAssemble,
}: ServeInput): Promise<number> {
  const load = (): Config => loadConfig({ flags, env: terminal.env });
  const capacity = resolveCapacity(load());
  const { config } = capacity;
  const signals = watchSignals(terminal, config.listen.drainTimeoutMs);
  // Listens from the beginning, as SIGHUP would end the process otherwise. Nothing to reload yet.
  let onReload = (): void => undefined;
  const stopReloads = terminal.onReloadSignal(() => {
    onReload();
  });
  try {
    const assemble = await loadAssemble();
    const manager = await connectManager(terminal);
    const application = await assemble(config, version);
    const bound = await startOrClose(application);
    const lines = [
      `Forebay ${version}`,
      ...summaryLines(capacity, bound),
      ...application.describe().map((detail) => `machine  ${detail}`),
    ];
    terminal.err(lines.map((line) => `${line}\n`).join(''));
    const serving = `Serving on http://${formatAddress(bound.listenAddress)}`;
    onReload = () => {
      manager.reloading();
      const outcome = application.reload(load);
      terminal.err(reloadLines(outcome));
      manager.ready(`${serving}${outcome.kind === 'refused' ? '; the last reload failed' : ''}`);
    };
    manager.ready(serving);
    await signals.first;
    onReload = () => undefined;
    manager.stopping('Finishing responses in progress');
    await application.stop();
    return EXIT_OK;
  } finally {
    stopReloads();
    signals.close();
  }
}

/**
 * Connects to the service manager that started the process; loads the addon only if there is one.
 */
async function connectManager(terminal: Terminal): Promise<ServiceManager> {
  const hasManager = (terminal.env['NOTIFY_SOCKET'] ?? '') !== '';
  const { native } = hasManager ? await import('../compute/native.js') : { native: undefined };
  return serviceManager({
    env: terminal.env,
    notify: (socket, text) => native?.notifySystemd(socket, text),
    monotonicMicros: () => process.hrtime.bigint() / NANOS_PER_MICRO,
    onFailure: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      terminal.err(`forebay: the service manager cannot be notified: ${why}\n`);
    },
  });
}

/** Starts the program. If that fails, closes what is already open, such as the cache's lock. */
async function startOrClose(application: Application): Promise<BoundAddresses> {
  try {
    return await application.start();
  } catch (error) {
    // Errors of stopping are ignored: the error that prevented the start is the one to report.
    await application.stop().catch(() => undefined);
    throw error;
  }
}

/** Listens for stop signals. `first` resolves at the first one; a second one ends the process. */
function watchSignals(
  terminal: Terminal,
  drainTimeoutMs: number,
): { readonly first: Promise<StopSignal>; close(): void } {
  let seen = false;
  let close = (): void => undefined;
  const first = new Promise<StopSignal>((resolve) => {
    close = terminal.onStopSignal((signal) => {
      if (seen) {
        terminal.exit(EXIT_INTERRUPTED);
        return;
      }
      seen = true;
      const bound = formatDuration(drainTimeoutMs);
      terminal.err(
        `forebay: ${signal}: finishing responses in progress, for at most ${bound}; ` +
          'signal again to end at once\n',
      );
      resolve(signal);
    });
  });
  return { first, close };
}

/** Returns the lines about a reload for standard error. The log has more details. */
function reloadLines(outcome: ReloadOutcome): string {
  switch (outcome.kind) {
    case 'refused':
      return `forebay: the configuration was not reloaded, the running one stays:\n${outcome.message}\n`;
    case 'applied': {
      const keys = outcome.needsRestart.join(', ');
      const unapplied = keys === '' ? '' : `; restart to apply the changes of ${keys}`;
      return `forebay: the configuration was reloaded${unapplied}\n`;
    }
  }
}
