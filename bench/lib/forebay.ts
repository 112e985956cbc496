/** Starts the real program for the demo and the bench, and finds out where it listens. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { deferred, within } from '#src/model/deferred.js';
import { systemClock } from '#src/model/time.js';

/** dist/main.js, as seen from dist-dev/bench/lib. */
const PROGRAM = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** A start takes well under a second; a busy machine may need several. */
const START_TIMEOUT_MS = 30_000;

export interface ForebayOptions {
  readonly originUrl: string;
  readonly cacheDirectory: string;
  readonly capacityBytes: number;
  /** Goes before the command, and runs it in the end as the same process. */
  readonly prefix?: readonly string[];
}

/** Where a started program listens. */
export interface Listening {
  /** For clients. */
  readonly url: string;
  /** For health and metrics. */
  readonly adminUrl: string;
}

/**
 * Runs `forebay serve`; `onChild` is given the process at once, so that it can be ended whatever
 * happens. Resolves when it listens; rejects with what the program said when it ends.
 */
export async function startForebay(
  { originUrl, cacheDirectory, capacityBytes, prefix = [] }: ForebayOptions,
  onChild: (child: ChildProcess) => void,
): Promise<Listening> {
  const flags = {
    '--origin': originUrl,
    '--listen': '127.0.0.1:0',
    '--admin': '127.0.0.1:0',
    '--cache-dir': cacheDirectory,
    '--capacity': String(capacityBytes),
    '--log-level': 'warn',
  };
  const command = [process.execPath, PROGRAM, 'serve', ...Object.entries(flags).flat()];
  const [program = process.execPath, ...args] = [...prefix, ...command];
  const child = spawn(program, args, {
    env: ownEnvironment(),
    // Its log, warnings at the most, goes where the demo's own complaints go.
    stdio: ['ignore', 2, 'pipe'],
  });
  onChild(child);
  const { stderr } = child;
  if (stderr === null) throw new Error('forebay was started without its standard error');
  const listening = deferred<Listening>();
  const said: string[] = [];
  let url: string | undefined;
  createInterface({ input: stderr }).on('line', (line) => {
    said.push(line);
    // The first of its lines says where clients connect, the next where administrators do.
    url = /^listen +(http:\/\/\S+)$/.exec(line)?.[1] ?? url;
    const adminUrl = /^admin +(http:\/\/\S+)$/.exec(line)?.[1];
    if (url !== undefined && adminUrl !== undefined) listening.resolve({ url, adminUrl });
  });
  child.once('close', () => {
    listening.reject(new Error(`forebay ended:\n${said.join('\n')}`));
  });
  return within(listening.promise, {
    clock: systemClock,
    ms: START_TIMEOUT_MS,
    timedOut: () => new Error('forebay did not start in time'),
    aborted: () => new Error('interrupted'),
  });
}

/** Without the settings that this machine's own Forebay may have in its environment. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('FOREBAY_'));
  return Object.fromEntries(kept);
}
