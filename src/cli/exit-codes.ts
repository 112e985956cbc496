/**
 * Exit codes for each kind of outcome, most of them of sysexits.h, so that scripts and service
 * managers can distinguish them. cli/failure, cli/pull-outcome and the commands choose one;
 * `--help` and docs/CLI.md list them.
 */

/** A command succeeded, or `serve` drained. */
export const EXIT_OK = 0;
/** A check failed, or several things failed in different ways. */
export const EXIT_FAILED = 1;
/** EX_USAGE: the command line cannot be understood. */
export const EXIT_USAGE = 64;
/** EX_DATAERR: bytes do not match their digest or ids. */
export const EXIT_CORRUPT = 65;
/** EX_NOINPUT: a requested object does not exist or is denied. */
export const EXIT_NOT_THERE = 66;
/** EX_UNAVAILABLE: an address cannot be listened on, or the admin API does not answer. */
export const EXIT_UNAVAILABLE = 69;
/** EX_SOFTWARE: a defect of Forebay. */
export const EXIT_INTERNAL = 70;
/** EX_CANTCREAT: no room to store, or the disk fails. */
export const EXIT_NO_ROOM = 73;
/** EX_TEMPFAIL: try again later. */
export const EXIT_TEMPORARY = 75;
/** EX_NOPERM: the running Forebay does not accept the token, or does not prove that it knows it. */
export const EXIT_DENIED = 77;
/** EX_CONFIG: the configuration, the cache directory, the platform or the addon cannot be used. */
export const EXIT_CONFIG = 78;
/** 128 + SIGINT: a stop signal came before the work was done. */
export const EXIT_INTERRUPTED = 130;

export interface ExitCodeMeaning {
  readonly code: number;
  readonly meaning: string;
}

/** All exit codes, in order. */
export const exitCodes: readonly ExitCodeMeaning[] = [
  { code: EXIT_OK, meaning: 'Done; `serve`: drained after SIGTERM or SIGINT' },
  {
    code: EXIT_FAILED,
    meaning:
      '`doctor`: a check failed; `pull`: URLs failed in different ways; `verify`: not all was checked',
  },
  { code: EXIT_USAGE, meaning: 'The command line cannot be understood' },
  {
    code: EXIT_CORRUPT,
    meaning:
      '`verify`: damaged chunks were found (and dropped); `pull`: bytes differ from their digest',
  },
  {
    code: EXIT_NOT_THERE,
    meaning: '`pull`: the origin does not have the object or denies it, or no origin has this URL',
  },
  {
    code: EXIT_UNAVAILABLE,
    meaning: 'An address cannot be listened on, or the running Forebay does not answer',
  },
  { code: EXIT_INTERNAL, meaning: 'An internal error: please report it, with its trace' },
  { code: EXIT_NO_ROOM, meaning: '`pull`: there is no room, or the disk fails' },
  {
    code: EXIT_TEMPORARY,
    meaning: 'Try again later: another process holds the cache, or the origin fails',
  },
  {
    code: EXIT_DENIED,
    meaning: 'The running Forebay does not accept the token, or does not prove that it knows it',
  },
  {
    code: EXIT_CONFIG,
    meaning: 'The configuration, the cache directory, the platform or the addon cannot be used',
  },
  {
    code: EXIT_INTERRUPTED,
    meaning: 'SIGINT or SIGTERM before the work was done; `serve`: a second one while draining',
  },
];

/** Returns the section about exit codes for `--help`. */
export function exitCodeHelp(): string {
  const rows = exitCodes.map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${rows.join('\n').replaceAll('`', '')}\n`;
}
