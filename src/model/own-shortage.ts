/**
 * Recognises failures for lack of a resource of this machine or process, which no origin, disk or
 * client caused. Used by model/errors wherever a system call fails.
 */

const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE:
    'this process has no descriptor left: raise its limit of open files (LimitNOFILE, ulimit -n)',
  ENFILE: 'this machine has no descriptor left (fs.file-max)',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no memory left for connections',
  EAGAIN: 'this machine has no process, port or route left to give',
  EADDRNOTAVAIL: 'this machine has no local port left for a connection',
};

/**
 * What we lack, in words for the log; `null` for any other failure. See `ownShortage`
 * (model/errors).
 */
export function shortageOf(error: unknown): string | null {
  const code = codeOf(error);
  return code === null ? null : `${SHORTAGES[code] ?? ''}: ${code}`;
}

/** The errno name of a local shortage; `null` for any other failure. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const code = errnoOf(error);
  if (code === null || !Object.hasOwn(SHORTAGES, code)) return null;
  // With IPv6 it also means that this machine has no address.
  if (code === 'EADDRNOTAVAIL' && !isToV4(error)) return null;
  return code;
}

/** The errno name of the failed call; a thread that could not start has it in its message only. */
function errnoOf(error: object & { readonly code: unknown }): string | null {
  if (typeof error.code !== 'string') return null;
  if (error.code !== 'ERR_WORKER_INIT_FAILED' || !(error instanceof Error)) return error.code;
  return error.message.slice(error.message.lastIndexOf(' ') + 1);
}

function isToV4(error: object): boolean {
  return 'address' in error && typeof error.address === 'string' && !error.address.includes(':');
}
