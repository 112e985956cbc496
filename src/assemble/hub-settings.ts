/** Reads the settings of a hub's mirror from the configuration. Used by assemble. */
import { readFileSync, statSync } from 'node:fs';
import type { Config, OriginConfig } from '../config/schema.js';
import { MAX_SECRET_BYTES } from '../config/secrets.js';
import type { ServerToken } from '../hub/credentials.js';

/** True when the origin is a hub of models, which `hub` mirrors. */
export function isHub({ adapter }: OriginConfig): boolean {
  return adapter === 'huggingface';
}

/** Reads the operator's token, or returns a warning that it cannot be read. Never throws. */
export function readServerToken({ tokenFile, tokenRepositories }: Config['hub']): {
  readonly serverToken: ServerToken | null;
  readonly warnings: readonly string[];
} {
  if (tokenFile === null) return { serverToken: null, warnings: [] };
  try {
    if (statSync(tokenFile).size > MAX_SECRET_BYTES) throw new Error('the file is too large');
    const token = readFileSync(tokenFile, 'utf8').trim();
    if (!/^[\x21-\x7e]{1,1024}$/.test(token)) throw new Error('the file contains no token');
    return { serverToken: { token, repositories: tokenRepositories }, warnings: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { serverToken: null, warnings: [`the token for the hub cannot be read: ${reason}`] };
  }
}
