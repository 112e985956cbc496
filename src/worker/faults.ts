/** Short names for the errors that worker code makes, and the errno names of failed calls. */
import { type ErrorCode, ForebayError, ownShortage } from '../model/errors.js';

/** The origin did wrong, but may do better next time. */
export function originFault(code: ErrorCode, message: string): ForebayError {
  return new ForebayError(code, message, { source: 'origin', retryable: true });
}

/** A bug of ours, or a protocol between our own threads that was not kept. */
export function internalFault(message: string, cause?: unknown): ForebayError {
  return new ForebayError('internal', message, { source: 'internal', retryable: false, cause });
}

/** The main thread set the cancel word, or answered `stop`. */
export function cancelledFault(): ForebayError {
  return new ForebayError('cancelled', 'no reader needs it any more', {
    source: 'internal',
    retryable: false,
  });
}

/** Clients and takers throw `ForebayError`s; anything else is a bug of ours and is not retried. */
export function asFault(error: unknown): ForebayError {
  if (error instanceof ForebayError) return error;
  const shortage = ownShortage(error);
  if (shortage !== null) return shortage;
  return internalFault(error instanceof Error ? error.message : String(error), error);
}
