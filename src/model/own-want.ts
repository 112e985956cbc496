/**
 * Names what this machine or process has no more of: nothing that an origin, a disk or a client did.
 * Asked wherever a system call's failure gets its name (origin/transport-error, worker, store, http).
 */
import { closeSync, openSync } from 'node:fs';
import { ForebayError } from './errors.js';

const WANTS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no descriptor left: raise its limit of open files (LimitNOFILE, ulimit -n)',
  ENFILE: 'this machine has no descriptor left (fs.file-max)',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no memory left for connections',
  EAGAIN: 'this machine has no process, port or route left to give',
  EADDRNOTAVAIL: 'this machine has no local port left for a connection',
};

/**
 * `overload` for what is our own want; `null` for anything else. That code counts for no origin and
 * becomes 503, and the same request may succeed a little later.
 */
export function ownWant(error: unknown): ForebayError | null {
  const code = wantOf(error);
  if (code === null) return null;
  const details = { source: 'internal', retryable: true, cause: error } as const;
  return new ForebayError('overload', `${WANTS[code] ?? ''}: ${code}`, details);
}

/** The errno name of an own want; `null` for any other failure. */
function wantOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const { code } = error;
  if (typeof code !== 'string' || !Object.hasOwn(WANTS, code)) return null;
  // Of IPv6 it also says that this machine has no address of its own.
  if (code === 'EADDRNOTAVAIL' && !isToV4(error)) return null;
  return code;
}

function isToV4(error: object): boolean {
  return 'address' in error && typeof error.address === 'string' && !error.address.includes(':');
}

/**
 * The want behind a failed name lookup, if there is one: the C library opens files and sockets for it, and
 * keeps to itself that it could not.
 */
export function wantBehindLookup(open: () => number = openAnything): ForebayError | null {
  try {
    closeSync(open());
    return null;
  } catch (error) {
    return ownWant(error);
  }
}

function openAnything(): number {
  return openSync('/dev/null', 'r');
}
