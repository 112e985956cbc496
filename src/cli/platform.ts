/** Rejects machines that Forebay cannot run on, with a message instead of a stack trace. */

/**
 * undici, piscina and the addon's N-API version need this version, as `engines` in package.json.
 */
const MIN_NODE_MAJOR = 20;
const MIN_NODE_MINOR = 20;

/** Returns why Forebay cannot run here, else `null`. `nodeVersion` is `process.versions.node`. */
export function platformObjection(platform: string, nodeVersion: string): string | null {
  if (platform === 'win32') {
    return 'Forebay runs on Linux and macOS. On Windows, run it in WSL 2 or a Linux container.';
  }
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major > MIN_NODE_MAJOR || (major === MIN_NODE_MAJOR && minor >= MIN_NODE_MINOR)) return null;
  return (
    `Forebay needs Node.js ${String(MIN_NODE_MAJOR)}.${String(MIN_NODE_MINOR)} or later; ` +
    `this is ${nodeVersion}.`
  );
}
