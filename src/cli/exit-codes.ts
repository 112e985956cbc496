/**
 * How the program ends: each kind of failure has an exit code of sysexits.h, so that scripts and
 * service managers can tell them apart. docs/ERRORS.md lists them; cli/failure chooses.
 */

/** A command was done, or `serve` drained. */
export const EXIT_OK = 0;
/** EX_USAGE: the command line cannot be understood. */
export const EXIT_USAGE = 64;
/** EX_UNAVAILABLE: an address cannot be listened on. */
export const EXIT_CANNOT_LISTEN = 69;
/** EX_SOFTWARE: a defect of Forebay's. */
export const EXIT_INTERNAL = 70;
/** EX_TEMPFAIL: another process holds the cache; try again when it has ended. */
export const EXIT_CACHE_LOCKED = 75;
/** EX_CONFIG: the configuration, its cache directory or what is installed cannot be used. */
export const EXIT_CONFIG = 78;
/** 128 + SIGINT: a second signal asked to end at once. */
export const EXIT_INTERRUPTED = 130;
