/** Reads the program's version from package.json, the only place that defines it. */
import { readFileSync } from 'node:fs';

/** Returns the version. At run time this file is dist/cli/version.js. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
