/** Makes the errors of worker code. */
import { type ErrorCode, ForebayError, ownShortage } from '../model/errors.js';

/** Returns the retryable error of a fault of the origin. */
export function originFault(code: ErrorCode, message: string): ForebayError {
  return new ForebayError(code, message, { source: 'origin', retryable: true });
}

/** Returns the error of a bug in Forebay, or of a violated protocol between its threads. */
export function internalFault(message: string, cause?: unknown): ForebayError {
  return new ForebayError('internal', message, { source: 'internal', retryable: false, cause });
}

/** Returns the error of a task for which the main thread set the cancel word or sent `stop`. */
export function cancelledFault(): ForebayError {
  return new ForebayError('cancelled', 'the main thread cancelled the fetch', {
    source: 'internal',
    retryable: false,
  });
}

/**
 * Maps a thrown value to a `ForebayError`. Clients and takers throw `ForebayError`s and shortages
 * of this machine; any other error is a bug in Forebay and is not retried.
 */
export function asFault(error: unknown): ForebayError {
  if (error instanceof ForebayError) return error;
  const shortage = ownShortage(error);
  if (shortage !== null) return shortage;
  return internalFault(error instanceof Error ? error.message : String(error), error);
}
