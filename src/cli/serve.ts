/**
 * `forebay serve`: loads the configuration, assembles the program, says what runs and where, and
 * ends in order when asked to. Called by program.ts.
 */
import type { Application } from '../assemble.js';
import { type Capacity, resolveCapacity } from '../config/capacity.js';
import { formatAddress } from '../config/kinds.js';
import { loadConfig } from '../config/load.js';
import type { ResolvedConfig } from '../config/schema.js';
import { formatDuration, formatSize } from '../config/units.js';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.js';
import type { StopSignal, Terminal } from './terminal.js';

/** What src/assemble.ts exports. */
export type Assemble = (config: ResolvedConfig, version: string) => Promise<Application>;

type BoundAddresses = Awaited<ReturnType<Application['start']>>;

export interface ServeInput {
  /** Texts by flag, dashes included. */
  readonly flags: Readonly<Record<string, string>>;
  readonly version: string;
  readonly terminal: Terminal;
  /** Gives `assemble`; asked once the configuration is known to be good. */
  readonly loadAssemble: () => Promise<Assemble>;
}

/**
 * Serves until a stop signal. The first one drains (exit code 0), a second one ends at once (130).
 * Rejects with what cli/exit-codes classifies when the program cannot start or stop.
 */
export async function serve({
  flags,
  version,
  terminal,
  loadAssemble,
}: ServeInput): Promise<number> {
  const capacity = resolveCapacity(loadConfig({ flags, env: terminal.env }));
  const { config } = capacity;
  const signals = watchSignals(terminal, config.listen.drainTimeoutMs);
  try {
    const assemble = await loadAssemble();
    const application = await assemble(config, version);
    const bound = await startOrClose(application);
    terminal.err(startLines(version, capacity, bound, application.describe()));
    await signals.first;
    await application.stop();
    return EXIT_OK;
  } finally {
    signals.close();
  }
}

/** What is open already when a listener cannot be opened, such as the cache's lock, is let go. */
async function startOrClose(application: Application): Promise<BoundAddresses> {
  try {
    return await application.start();
  } catch (error) {
    // Why it could not start matters more than what then went wrong in closing.
    await application.stop().catch(() => undefined);
    throw error;
  }
}

/** Stop signals: `first` resolves at the first; a second one ends the process. */
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
        `forebay: ${signal}: finishing what runs, for at most ${bound}; again to end at once\n`,
      );
      resolve(signal);
    });
  });
  return { first, close };
}

/** What an operator wants to know at start: where, of what, into what, and how much. */
function startLines(
  version: string,
  { config, reason }: Capacity,
  bound: BoundAddresses,
  details: readonly string[],
): string {
  const { cache, origins } = config;
  const mounts = origins.map(({ mount, url, name, integrity }) => {
    const mode = integrity === 'strict' ? ', strict integrity' : '';
    return `origin   ${mount} -> ${url} (${name}${mode})`;
  });
  const lines = [
    `Forebay ${version}`,
    `listen   http://${formatAddress(bound.listenAddress)}`,
    `admin    ${bound.adminAddress === null ? 'off' : `http://${formatAddress(bound.adminAddress)}`}`,
    ...mounts,
    `cache    ${cache.directory}, chunks of ${formatSize(cache.chunkSizeBytes)}`,
    `capacity ${formatSize(cache.capacityBytes)}: ${reason}`,
    ...details.map((detail) => `machine  ${detail}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
