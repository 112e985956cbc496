/**
 * Whose request it is: credentials are told apart by an HMAC, so that decisions made for one can be
 * remembered, on disk too, without keeping the credential itself. Made by assemble.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { matchesGlob } from '../config/glob.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';

const KEY_BYTES = 32;
const FILE_MODE = 0o600;

/** The operator's own token, for clients that send none. */
export interface ServerToken {
  readonly token: string;
  /** Patterns of the repositories that it may be used for. */
  readonly repositories: readonly string[];
}

/** One request's credentials. */
export interface Who {
  /** Empty for nobody: what nobody may have, everybody may. */
  readonly key: string;
  /** Request fields for the hub, the credential among them. */
  readonly headers: HeaderMap;
}

/** Client fields that the hub gets beside the credential. */
const FORWARDED = ['user-agent'];

/**
 * Reads the key in `path` or makes one there, with mode 0600. Where that fails the key lasts as long as
 * the process: what was decided before a restart is asked again then.
 */
export function loadKey(path: string): Buffer {
  try {
    const text = readKey(path) ?? makeKey(path);
    const key = Buffer.from(text, 'hex');
    if (key.length === KEY_BYTES) return key;
  } catch {
    // A cache directory that cannot be written holds no decisions either.
  }
  return randomBytes(KEY_BYTES);
}

function readKey(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function makeKey(path: string): string {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const text = randomBytes(KEY_BYTES).toString('hex');
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(fd, `${text}\n`);
  } finally {
    closeSync(fd);
  }
  return text;
}

export class Credentials {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Who asks for something of `repository`: the client, or the operator where it names nobody. */
  who(request: HeaderMap, repository: string | null, server: ServerToken | null): Who {
    const headers = emptyHeaders();
    for (const name of FORWARDED) {
      const value = headerValue(request, name);
      if (value !== undefined) headers[name] = value;
    }
    const own = headerValue(request, 'authorization');
    const isLent =
      repository !== null &&
      server?.repositories.some((pattern) => matchesGlob(pattern, repository)) === true;
    const authorization = own ?? (isLent ? `Bearer ${server.token}` : undefined);
    if (authorization === undefined) return { key: '', headers };
    headers['authorization'] = authorization;
    return { key: createHmac('sha256', this.#key).update(authorization).digest('hex'), headers };
  }
}
