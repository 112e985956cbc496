/** The program's version, from package.json. */
import { readFileSync } from 'node:fs';

/** Reads the version; this file is dist/cli/version.js when it runs. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
