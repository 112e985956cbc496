/** Reads errno names from thrown values. Pure. */

/** Returns the errno name of a thrown value (`ENOSPC`); `UNKNOWN` if no system call threw it. */
export function errnoOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'UNKNOWN';
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : 'UNKNOWN';
}
