/**
 * The error of a native addon that is missing or not for this machine. Thrown by compute/native;
 * cli/failure prints it.
 */

/** `message` tells people what could not be loaded, and which command to run. */
export class AddonError extends Error {
  /** @param path of the addon. `cause` is the error with which Node failed to load it. */
  constructor(path: string, cause: unknown) {
    super(
      `cannot load the native addon ${path}: ${firstLine(cause)}\n` +
        'Build it: `npm run build` in a checkout; where the package is installed,\n' +
        '`npm rebuild forebay --ignore-scripts=false` (with --global for a global installation).',
      { cause },
    );
    this.name = 'AddonError';
  }
}

/** Returns the first line of Node's message; below it Node lists the requiring modules. */
function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n', 1)[0] ?? '';
}
