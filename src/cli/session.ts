/**
 * Finds the Forebay that a command is about: the running one, or, if none runs, a private one that
 * is started in this process on the same cache. Commands see no difference.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../assemble.js';
import { resolveCapacity } from '../config/capacity.js';
import { type LoadedConfig, loadWithSources } from '../config/load.js';
import { formatAddress } from '../config/kinds.js';
import type { ResolvedConfig } from '../config/schema.js';
import { TOKEN_FILE } from '../store/directory/layout.js';
import { AdminClient, NotAnsweringError, UnprovenError } from './admin-client.js';
import type { CommandContext } from './context.js';
import type { Output } from './output.js';

/** The flag that names the API to talk to, whatever runs here. */
const ADMIN_FLAG = '--admin';
export interface Session {
  readonly client: AdminClient;
  readonly config: LoadedConfig['config'];
  /** True when the Forebay was there before and goes on afterwards. */
  readonly isRunning: boolean;
  /** Ends what this command has started. */
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
 * Opens a session. Rejects with a `ConfigError`, a `NotAnsweringError` if the address of `--admin`
 * does not answer, an `UnprovenError` if the answering process does not know this user's token, an
 * `UnreachableHolderError`, or an error of `assemble`.
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
      const found = await connect(loaded, isNamed, output);
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

/**
 * The Forebay at the configured address; `null` if it serves another cache. Its answer decides
 * nothing else: the token is read from the configured place only, and sent only after a proof.
 */
async function connect(
  loaded: LoadedConfig,
  isNamed: boolean,
  output: Output,
): Promise<Session | null> {
  const { config } = loaded;
  const token = knownToken(config, isNamed);
  const client = new AdminClient(config.admin.address, { token: () => token });
  try {
    const doubt = token === null ? null : await doubtOf(client, token);
    const cache = await client.cache();
    // Who names neither the API nor a cache means the Forebay that runs, wherever its cache is.
    const isMeant =
      cache.directory === config.cache.directory ||
      isNamed ||
      loaded.sourceOf(['cache', 'directory']).kind === 'default';
    // An address that was named may be read from all the same.
    if (isMeant && doubt !== null && !isNamed) throw doubt;
    if (isMeant) {
      if (token === null || doubt !== null) output.note(unprovenNote(client));
      return { client, config, isRunning: true, close: () => client.close() };
    }
  } catch (error) {
    await client.close();
    throw error;
  }
  await client.close();
  return null;
}

/** Why it is not trusted; `null` if it has proven that it knows the token. */
async function doubtOf(client: AdminClient, token: string): Promise<UnprovenError | null> {
  try {
    await client.prove(token);
    return null;
  } catch (error) {
    if (error instanceof UnprovenError) return error;
    throw error;
  }
}

function unprovenNote({ address }: AdminClient): string {
  return `what answers at ${formatAddress(address)} has not proven to be Forebay: nothing secret is sent to it`;
}

/** Throws when another process uses the cache: there is no way to look into it beside that one. */
async function refuseIfHeld(directory: string, silence: NotAnsweringError): Promise<void> {
  const { probeLock } = await import('../store/directory/lock-probe.js');
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
    const token = (): string | null => readToken(tokenFile(config));
    const client = new AdminClient(adminAddress, { token, isOurs: true });
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

/**
 * The same configuration for private use: free ports of loopback, and no log between the results.
 */
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

/**
 * The token of the Forebay that is meant, from a file that this user's configuration names: of one
 * on another machine only from a file that was given for it. `null`: none is known.
 */
export function knownToken(
  { admin, cache }: LoadedConfig['config'],
  isNamed: boolean,
): string | null {
  const isElsewhere = isNamed && !isLoopback(admin.address.host);
  if (isElsewhere && admin.tokenFile === null) return null;
  return readToken(tokenFile({ admin, cache }));
}

type Places = Pick<LoadedConfig['config'], 'admin' | 'cache'>;

function tokenFile({ admin, cache }: Places): string {
  return admin.tokenFile ?? join(cache.directory, TOKEN_FILE);
}

/** `null` if there is none or it may not be read. */
function readToken(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? null : text;
  } catch {
    return null;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
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
