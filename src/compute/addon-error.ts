/**
 * The native addon is missing or was built for another machine. Thrown by native.ts; cli/failure
 * prints it.
 */

/** `message` is for people: what could not be loaded, and the command that helps. */
export class AddonError extends Error {
  /** @param path of the addon. `cause` is what Node said when it tried to load it. */
  constructor(path: string, cause: unknown) {
    super(
      `cannot load the native addon ${path}: ${firstLine(cause)}\n` +
        'Build it: `npm run build` in a checkout; where the package is installed,\n' +
        '`npm rebuild forebay --ignore-scripts=false` (with --global if it is so installed).',
      { cause },
    );
    this.name = 'AddonError';
  }
}

/** Node appends the require stack, which helps no reader here. */
function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n', 1)[0] ?? '';
}
