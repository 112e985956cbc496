/**
 * Recognises failures of system calls that mean a shortage of this process or machine, not a fault
 * of an origin, a disk or a client. Used by model/errors.
 */

const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE:
    'this process has no descriptor left: raise its limit of open files (LimitNOFILE, ulimit -n)',
  ENFILE: 'this machine has no descriptor left: raise fs.file-max',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no memory left for connections',
  EAGAIN: 'this machine has no process, port or route left',
  EADDRNOTAVAIL: 'this machine has no local port left for a connection',
};

/**
 * Describes a shortage for the log; `null` for any other failure. See `ownShortage` (model/errors).
 */
export function shortageOf(error: unknown): string | null {
  const code = codeOf(error);
  return code === null ? null : `${SHORTAGES[code] ?? ''}: ${code}`;
}

/** Returns the errno name of a shortage; `null` for any other failure. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const code = errnoOf(error);
  if (code === null || !Object.hasOwn(SHORTAGES, code)) return null;
  // With IPv6 it also means that this machine has no IPv6 address.
  if (code === 'EADDRNOTAVAIL' && !isToV4(error)) return null;
  return code;
}

/**
 * Returns the errno name of the failed call. The error of a thread that could not start has it only
 * in its message.
 */
function errnoOf(error: object & { readonly code: unknown }): string | null {
  if (typeof error.code !== 'string') return null;
  if (error.code !== 'ERR_WORKER_INIT_FAILED' || !(error instanceof Error)) return error.code;
  return error.message.slice(error.message.lastIndexOf(' ') + 1);
}

function isToV4(error: object): boolean {
  return 'address' in error && typeof error.address === 'string' && !error.address.includes(':');
}
