/** Checks of what `serve` takes for itself: the two addresses and the cache's lock. */
import { createServer } from 'node:net';
import { formatAddress, type ListenAddress } from '../../config/kinds.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { ListenError, listenOn } from '../../http/listen.js';
import type { LockState } from '../../store/lock-probe.js';
import { fail, type Finding, ok, warn } from './finding.js';

/** The lock: free, or held by a Forebay, which is as well. */
export function checkLock(directory: string, lock: LockState): Finding {
  switch (lock.kind) {
    case 'free':
      return ok('lock', `nobody uses ${directory}`);
    case 'held':
      return ok('lock', `${holder(lock)} uses ${directory}`);
    case 'unreadable': {
      const advice = 'Run this as the user that Forebay runs as, or repair the permissions.';
      return warn('lock', `${directory} cannot be looked at: ${lock.errno}`, advice);
    }
  }
}

/** Whether the addresses can be listened on. Resolves when they are free again. */
export async function checkAddresses(
  { listen, admin }: ResolvedConfig,
  lock: LockState,
): Promise<readonly Finding[]> {
  const findings = [await checkAddress('listen', listen.address, lock)];
  if (admin.enabled) findings.push(await checkAddress('admin', admin.address, lock));
  return findings;
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
    return ok(check, `${text} is free`);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    if (error.code === 'EADDRINUSE' && lock.kind === 'held') {
      return ok(check, `${text} is in use, and ${holder(lock)} runs on this cache`);
    }
    const advice = `Choose another ${check}.address, or end who listens there (ss -ltnp).`;
    return fail(check, error.message, advice);
  } finally {
    server.close();
  }
}

function holder({ pid }: { readonly pid: number | null }): string {
  return pid === null ? 'another process' : `process ${String(pid)}`;
}
