/**
 * The native addon is missing or not for this machine. Thrown by native.ts; cli/failure tells it.
 */

/** `message` is for people: what could not be loaded, and what to run. */
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

/** Below it Node lists who asked, which helps nobody here. */
function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n', 1)[0] ?? '';
}
