/**
 * Why a cache directory cannot be used at all. Thrown only while the store opens; cli/ turns it into
 * a message and an exit code. Everything that a running store can live with is not one of these.
 */

export type StartupCode =
  /** Another process holds the lock. */
  | 'cache-locked'
  /** Written by another format version, or not a Forebay cache. */
  | 'cache-format'
  /** Written with another chunk size. */
  | 'cache-chunk-size'
  /** The directory cannot be made, entered or changed. */
  | 'cache-directory';

/** `message` is for people and names `path`; `errno` says what the system answered, where it did. */
export class StartupError extends Error {
  readonly code: StartupCode;
  readonly path: string;
  readonly errno: string | undefined;

  constructor(code: StartupCode, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StartupError';
    this.code = code;
    this.path = path;
    const errno = (cause as NodeJS.ErrnoException | undefined)?.code;
    this.errno = typeof errno === 'string' ? errno : undefined;
  }
}
