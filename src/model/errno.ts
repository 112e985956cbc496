/** The one place that reads errno names off thrown values. Pure. */

/** The errno name of a thrown value (`ENOSPC`); `UNKNOWN` when it is no system call's. */
export function errnoOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'UNKNOWN';
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : 'UNKNOWN';
}
