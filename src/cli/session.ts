/**
 * Connects a command to a Forebay: the running one or, if none runs, one that is started in this
 * process on the same cache and that no one else can use. Commands see no difference.
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

/** The flag that names the admin API to use, whether or not a Forebay runs on this cache. */
const ADMIN_FLAG = '--admin';
export interface Session {
  readonly client: AdminClient;
  readonly config: LoadedConfig['config'];
  /** True when the Forebay ran before the command and runs on after it. */
  readonly isRunning: boolean;
  /** Closes the client, and stops the Forebay if it was started for this command. */
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
 * Opens a session. Rejects with a `ConfigError`, a `NotAnsweringError` when no server answers at
 * the address of `--admin`, an `UnprovenError` when the server is not the Forebay whose token this
 * user has, an `UnreachableHolderError`, or the error of `assemble`.
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
 * Connects to the Forebay at the configured address; resolves to `null` if it runs on another
 * cache. What the server reports is used for that decision alone: the token is read only from the
 * file that the configuration names, and sent only to a server that proves to know it.
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
    // A user who names neither the API nor a cache means the running Forebay, whatever its cache.
    const isMeant =
      cache.directory === config.cache.directory ||
      isNamed ||
      loaded.sourceOf(['cache', 'directory']).kind === 'default';
    // From an address that the user named, the command may read even without proof.
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

/** Returns why the server is not trusted; `null` when it has proven that it knows the token. */
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
  return `the server at ${formatAddress(address)} has not proven to be Forebay: this command only reads from it`;
}

/** Throws when another process uses the cache: two processes cannot use it at a time. */
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
          'Use the configuration that it runs with, or name its admin address with --admin.',
        silence,
      );
    }
    case 'unreadable':
      throw new UnreachableHolderError(
        `the lock in ${directory} cannot be read (${lock.errno}), and ${silence.message}\n` +
          'Run this command as the user that Forebay runs as, or name its admin address with --admin.',
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

/** Returns the configuration for private use: free ports of loopback, and no log. */
function privateConfig(config: ResolvedConfig): ResolvedConfig {
  const address = { host: '127.0.0.1', port: 0 };
  return {
    ...config,
    listen: { ...config.listen, address },
    admin: { ...config.admin, enabled: true, address },
    log: { ...config.log, level: 'silent', access: false },
  };
}

/** Stops, and ignores errors: the error that prevented the start is the one to report. */
async function stopQuietly(application: Application): Promise<void> {
  await application.stop().catch(() => undefined);
}

/**
 * Reads the token from the file that this user's configuration names. For a Forebay on another
 * machine, only an explicit `admin.tokenFile` is used. Returns `null` if no token is known.
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

/** Reads a token; returns `null` if there is none or it may not be read. */
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

/** Opens a session, runs `work` with it, and closes it even if `work` fails. */
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
