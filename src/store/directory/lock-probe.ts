/**
 * Reports which process uses a cache directory, for commands that only inspect it. Creates nothing.
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import type { SystemCalls } from '../../model/store.js';
import { errnoOf } from '../../model/errno.js';
import { isMissing } from './errno.js';
import { Layout } from './layout.js';

const { O_NOFOLLOW, O_RDONLY } = constants;

/** `pid` is null if the holder wrote none. `unreadable`: the lock cannot be opened or read. */
export type LockState =
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly pid: number | null }
  | { readonly kind: 'unreadable'; readonly errno: string };

/**
 * Returns the state of the lock of a cache directory; `free` if it does not exist. Never throws. To
 * find out, it takes the lock for a moment: a process that starts at that moment finds it held.
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
