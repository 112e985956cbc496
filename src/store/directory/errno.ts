/** What a failed file operation means to the store: the one place that reads errno names. */

import { errnoOf } from '../../model/errno.js';

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

/** The process is out of descriptors: no fault of the file or the disk. */
export function isOutOfDescriptors(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'EMFILE' || errno === 'ENFILE';
}
