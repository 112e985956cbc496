/** What a failed file operation means to the store: the one place that reads errno names. */

/** The errno name of a thrown value (`ENOSPC`); `UNKNOWN` when it is no system call's. */
export function errnoOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'UNKNOWN';
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : 'UNKNOWN';
}

/** True when the path does not exist: an answer, not a failure. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT';
}

/** The device is full, broken or read-only: serving through memory is still possible. */
const DEVICE_FAILURES: ReadonlySet<string> = new Set(['EDQUOT', 'EIO', 'ENOSPC', 'EROFS']);

/** True for a failure of the device, false for one of permission or configuration. */
export function isDeviceFailure(error: unknown): boolean {
  return DEVICE_FAILURES.has(errnoOf(error));
}

/** The process is out of descriptors: says nothing about the file or the disk. */
export function isOutOfDescriptors(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'EMFILE' || errno === 'ENFILE';
}
