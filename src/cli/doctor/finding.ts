/** The result of one check of `forebay doctor`. */

export type FindingStatus = 'ok' | 'warn' | 'fail';

export interface Finding {
  /** The name of the check, a word or two. */
  readonly check: string;
  readonly status: FindingStatus;
  /** The state found, in one line. */
  readonly found: string;
  /** What to change, in one line; `null` for `ok`. */
  readonly advice: string | null;
}

/** Returns a finding without a problem. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, advice: null };
}

/** Returns a finding about something that works, but badly or not for long. */
export function warn(check: string, found: string, advice: string): Finding {
  return { check, status: 'warn', found, advice };
}

/** Returns a finding that prevents Forebay from working. */
export function fail(check: string, found: string, advice: string): Finding {
  return { check, status: 'fail', found, advice };
}
