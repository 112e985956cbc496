/** Checks the two addresses that `serve` listens on, and the cache's lock. */
import { createServer } from 'node:net';
import { formatAddress, type ListenAddress } from '../../config/kinds.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { ListenError, listenOn } from '../../http/exchange/listen.js';
import type { LockState } from '../../store/directory/lock-probe.js';
import { AdminClient } from '../admin-client.js';
import { knownToken } from '../session.js';
import { fail, type Finding, ok, warn } from './finding.js';

const FREE = ' is free';

/** Checks the lock. Both a free lock and one that a process holds are fine. */
export function checkLock(directory: string, lock: LockState): Finding {
  switch (lock.kind) {
    case 'free':
      return ok('lock', `no process uses ${directory}`);
    case 'held':
      return ok('lock', `${holder(lock)} uses ${directory}`);
    case 'unreadable': {
      const advice =
        'Run this command as the user that Forebay runs as, or repair the permissions.';
      return warn('lock', `the lock in ${directory} cannot be read: ${lock.errno}`, advice);
    }
  }
}

/** Checks that the addresses can be listened on, and closes these listeners again. */
export async function checkAddresses(
  config: ResolvedConfig,
  lock: LockState,
): Promise<readonly Finding[]> {
  const { listen, admin } = config;
  const findings = [await checkAddress('listen', listen.address, lock)];
  if (!admin.enabled) return findings;
  const found = await checkAddress('admin', admin.address, lock);
  const isInUse = found.status === 'ok' && lock.kind === 'held' && !found.found.endsWith(FREE);
  return [...findings, isInUse ? await checkHolder(config, found) : found];
}

/**
 * Checks that the server at the address of the admin API is the Forebay whose token this user can
 * read; returns `found` if so, or if no token is known.
 */
async function checkHolder(config: ResolvedConfig, found: Finding): Promise<Finding> {
  const token = knownToken(config, false);
  if (token === null) return found;
  const client = new AdminClient(config.admin.address, { token: () => token });
  try {
    await client.prove(token);
    return found;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'Find out which process listens there (ss -ltnp): commands send no token to it.';
    return fail('admin', why, advice);
  } finally {
    await client.close();
  }
}

async function checkAddress(
  check: 'listen' | 'admin',
  address: ListenAddress,
  lock: LockState,
): Promise<Finding> {
  const text = formatAddress(address);
  const server = createServer();
  try {
    await listenOn(server, address);
    return ok(check, `${text}${FREE}`);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    if (error.code === 'EADDRINUSE' && lock.kind === 'held') {
      return ok(check, `${text} is in use, and ${holder(lock)} runs on this cache`);
    }
    const advice = `Choose another ${check}.address, or stop the process that listens there (ss -ltnp).`;
    return fail(check, error.message, advice);
  } finally {
    server.close();
  }
}

function holder({ pid }: { readonly pid: number | null }): string {
  return pid === null ? 'another process' : `process ${String(pid)}`;
}
