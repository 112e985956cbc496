/**
 * Finds out which process uses a cache directory, for commands that only read. Creates nothing.
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import type { SystemCalls } from '../../model/store.js';
import { errnoOf } from '../../model/errno.js';
import { isMissing } from './errno.js';
import { Layout } from './layout.js';

const { O_NOFOLLOW, O_RDONLY } = constants;

/** `pid` is null where the holder left none. `unreadable`: we may not look. */
export type LockState =
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly pid: number | null }
  | { readonly kind: 'unreadable'; readonly errno: string };

/**
 * Looks at the lock of a cache directory; one that does not exist is free. Never throws. The lock
 * is taken for a moment to see whether it can be: a process that starts just then would find it
 * held.
 */
export function probeLock(directory: string, system: Pick<SystemCalls, 'tryLock'>): LockState {
  let fd: number;
  try {
    fd = openSync(new Layout(directory).lock, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    return isMissing(error) ? { kind: 'free' } : { kind: 'unreadable', errno: errnoOf(error) };
  }
  try {
    if (system.tryLock(fd)) return { kind: 'free' };
    const text = readFileSync(fd, 'latin1').trim();
    return { kind: 'held', pid: /^\d{1,10}$/.test(text) ? Number(text) : null };
  } catch (error) {
    return { kind: 'unreadable', errno: errnoOf(error) };
  } finally {
    closeSync(fd);
  }
}
