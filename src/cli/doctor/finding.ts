/** What one check of `forebay doctor` found. */

export type FindingStatus = 'ok' | 'warn' | 'fail';

export interface Finding {
  /** What was checked, in a word or two. */
  readonly check: string;
  readonly status: FindingStatus;
  /** The result, one line. */
  readonly found: string;
  /** One line: what to change; `null` where all is well. */
  readonly advice: string | null;
}

/** All is well. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, advice: null };
}

/** It works, but less well than it could, or not for long. */
export function warn(check: string, found: string, advice: string): Finding {
  return { check, status: 'warn', found, advice };
}

/** Forebay cannot do its work like this. */
export function fail(check: string, found: string, advice: string): Finding {
  return { check, status: 'fail', found, advice };
}
