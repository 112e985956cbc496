/**
 * Finds the Forebay that a command is about: the one that runs, or, where none does, one that is
 * started in this process, privately, on the same cache. Commands see no difference.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../assemble.js';
import { resolveCapacity } from '../config/capacity.js';
import { type LoadedConfig, loadWithSources } from '../config/load.js';
import type { ResolvedConfig } from '../config/schema.js';
import { AdminClient, NotAnsweringError } from './admin-client.js';
import type { CommandContext } from './context.js';
import type { Output } from './output.js';

/** The flag that names the API to talk to, whatever runs here. */
const ADMIN_FLAG = '--admin';
/** Where a Forebay leaves the token that it made for itself. */
const TOKEN_FILE = 'admin-token';

export interface Session {
  readonly client: AdminClient;
  readonly config: LoadedConfig['config'];
  /** True when the Forebay was there before and goes on afterwards. */
  readonly isRunning: boolean;
  /** Ends what was begun for this command. */
  close(): Promise<void>;
}

/** The cache is in use by a process whose admin API cannot be reached. */
export class UnreachableHolderError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UnreachableHolderError';
  }
}

/**
 * Opens a session. Rejects with a `ConfigError`, a `NotAnsweringError` when `--admin` names an address
 * where nobody answers, an `UnreachableHolderError`, or what `assemble` rejects with.
 */
export async function openSession(
  context: CommandContext,
  flags: Readonly<Record<string, string>>,
  output: Output,
): Promise<Session> {
  const loaded = loadWithSources({ flags, env: context.terminal.env });
  const { config } = loaded;
  const isNamed = flags[ADMIN_FLAG] !== undefined;
  let silence = new NotAnsweringError(config.admin.address, 'admin.enabled is false');
  if (config.admin.enabled || isNamed) {
    try {
      const found = await connect(loaded, isNamed);
      if (found !== null) return found;
    } catch (error) {
      if (!(error instanceof NotAnsweringError) || isNamed) throw error;
      silence = error;
    }
  }
  await refuseIfHeld(config.cache.directory, silence);
  output.note(`no Forebay runs on ${config.cache.directory}: starting one for this command`);
  return startPrivately(context, loaded);
}

/** The Forebay at the configured address; `null` where it is one of another cache. */
async function connect(loaded: LoadedConfig, isNamed: boolean): Promise<Session | null> {
  const { config } = loaded;
  let directory = config.cache.directory;
  const client = new AdminClient(config.admin.address, () => readToken(config, directory));
  try {
    const cache = await client.cache();
    // Who names neither the API nor a cache means the Forebay that runs, wherever its cache is.
    const isOurs =
      cache.directory === directory ||
      isNamed ||
      loaded.sourceOf(['cache', 'directory']).kind === 'default';
    if (isOurs) {
      directory = cache.directory;
      return { client, config, isRunning: true, close: () => client.close() };
    }
  } catch (error) {
    await client.close();
    throw error;
  }
  await client.close();
  return null;
}

/** Throws when another process uses the cache: there is no way to look into it beside that one. */
async function refuseIfHeld(directory: string, silence: NotAnsweringError): Promise<void> {
  const { probeLock } = await import('../store/lock-probe.js');
  const { systemCalls } = await import('../compute/native.js');
  const lock = probeLock(directory, systemCalls);
  switch (lock.kind) {
    case 'free':
      return;
    case 'held': {
      const who = lock.pid === null ? 'another process' : `process ${String(lock.pid)}`;
      throw new UnreachableHolderError(
        `${who} uses ${directory}, and ${silence.message}\n` +
          'Give the configuration that it runs with, or its admin address with --admin.',
        silence,
      );
    }
    case 'unreadable':
      throw new UnreachableHolderError(
        `${directory} cannot be looked at (${lock.errno}), and ${silence.message}\n` +
          'Run this as the user that Forebay runs as, or give --admin.',
        silence,
      );
  }
}

async function startPrivately(context: CommandContext, loaded: LoadedConfig): Promise<Session> {
  const { config } = resolveCapacity(loaded.config);
  const assemble = await context.loadAssemble();
  const application = await assemble(privateConfig(config), context.version);
  try {
    const { adminAddress } = await application.start();
    if (adminAddress === null) throw new Error('a private Forebay has an admin listener');
    const client = new AdminClient(adminAddress, () => readToken(config, config.cache.directory));
    const close = async (): Promise<void> => {
      await client.close();
      await application.stop();
    };
    return { client, config: loaded.config, isRunning: false, close };
  } catch (error) {
    await stopQuietly(application);
    throw error;
  }
}

/** The same, but for nobody else: any free ports of loopback, and no log between the results. */
function privateConfig(config: ResolvedConfig): ResolvedConfig {
  const address = { host: '127.0.0.1', port: 0 };
  return {
    ...config,
    listen: { ...config.listen, address },
    admin: { ...config.admin, enabled: true, address },
    log: { ...config.log, level: 'silent', access: false },
  };
}

/** Why it did not start matters more than what then went wrong in closing. */
async function stopQuietly(application: Application): Promise<void> {
  await application.stop().catch(() => undefined);
}

/** `null` where there is none or it may not be read: the API then says what it wants. */
function readToken({ admin }: LoadedConfig['config'], directory: string): string | null {
  try {
    return readFileSync(admin.tokenFile ?? join(directory, TOKEN_FILE), 'utf8').trim();
  } catch {
    return null;
  }
}

/** Opens a session, works with it and closes it, also where the work fails. */
export async function withSession<T>(
  context: CommandContext,
  flags: Readonly<Record<string, string>>,
  output: Output,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(context, flags, output);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
