/** Classifies failed file operations by their errno, for the whole store. */

import { errnoOf } from '../../model/errno.js';

/** True when the path does not exist, which callers treat as a result and not as a failure. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT';
}

/** The device is full, broken or read-only: serving through memory is still possible. */
const DEVICE_FAILURES: ReadonlySet<string> = new Set(['EDQUOT', 'EIO', 'ENOSPC', 'EROFS']);

/** True for a failure of the device, false for one of permission or configuration. */
export function isDeviceFailure(error: unknown): boolean {
  return DEVICE_FAILURES.has(errnoOf(error));
}

/** True when the process is out of descriptors: file and disk may be intact. */
export function isOutOfDescriptors(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'EMFILE' || errno === 'ENFILE';
}
