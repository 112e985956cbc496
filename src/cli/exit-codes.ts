/**
 * Exit codes by kind of outcome, most of them of sysexits.h, so that scripts and service managers
 * can distinguish them. `--help` and docs/CLI.md list them from here; cli/failure and
 * cli/pull-outcome choose.
 */

/** A command was done, or `serve` drained. */
export const EXIT_OK = 0;
/** A check failed, or several things failed in different ways. */
export const EXIT_FAILED = 1;
/** EX_USAGE: the command line cannot be understood. */
export const EXIT_USAGE = 64;
/** EX_DATAERR: bytes are corrupt. */
export const EXIT_CORRUPT = 65;
/** EX_NOINPUT: the requested object cannot be had. */
export const EXIT_NOT_THERE = 66;
/** EX_UNAVAILABLE: an address cannot be listened on, or does not answer. */
export const EXIT_UNAVAILABLE = 69;
/** EX_SOFTWARE: a defect of Forebay's. */
export const EXIT_INTERNAL = 70;
/** EX_CANTCREAT: no room to store, or the disk fails. */
export const EXIT_NO_ROOM = 73;
/** EX_TEMPFAIL: try again later. */
export const EXIT_TEMPORARY = 75;
/** EX_NOPERM: a running Forebay does not accept the token, or does not prove that it has it. */
export const EXIT_DENIED = 77;
/** EX_CONFIG: the configuration, the cache directory or the installation cannot be used. */
export const EXIT_CONFIG = 78;
/** 128 + SIGINT: a signal ended the work early. */
export const EXIT_INTERRUPTED = 130;

export interface ExitCodeMeaning {
  readonly code: number;
  readonly meaning: string;
}

/** All of them, in order. */
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
    meaning: '`pull`: the origin does not have the object or refuses it, or no origin has this URL',
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

/** For `--help`. */
export function exitCodeHelp(): string {
  const rows = exitCodes.map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${rows.join('\n').replaceAll('`', '')}\n`;
}
