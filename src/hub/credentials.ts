/**
 * Whose request it is: credentials are told apart by an HMAC, so that decisions made for one can be
 * remembered, on disk too, without keeping the credential itself. Made by assemble.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { matchesGlob } from '../config/glob.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { canonicalRepository } from './repository.js';

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

/** Client fields that the hub gets beside the credential; Via shows a hub that is a mirror of us. */
const FORWARDED = ['user-agent', 'via'];

/** Names that the operator's token is lent to: a hub might read others as another repository's. */
const PLAIN_NAME = /^(?:(?:datasets|spaces)\/)?[\w.-]+(?:\/[\w.-]+)?$/;

/**
 * Reads the key in `path` or makes one there, with mode 0600. Where that fails the key lasts as long as
 * the process: what was decided before a restart is asked again then.
 */
export function loadKey(path: string): Buffer {
  try {
    return readKey(path) ?? makeKey(path);
  } catch {
    // A cache directory that cannot be written holds no decisions either.
    return randomBytes(KEY_BYTES);
  }
}

/** `undefined` where there is none, or what is there is no key. */
function readKey(path: string): Buffer | undefined {
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** In place at once and whole, whenever the process ends. */
function makeKey(path: string): Buffer {
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.new`;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(fd, `${key.toString('hex')}\n`);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  return key;
}

export class Credentials {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /**
   * Who asks for something of `repository`, in the one form of its name (hub/repository): the client, or
   * the operator where it names nobody.
   */
  who(request: HeaderMap, repository: string | null, server: ServerToken | null): Who {
    const headers = emptyHeaders();
    for (const name of FORWARDED) {
      const value = headerValue(request, name);
      if (value !== undefined) headers[name] = value;
    }
    const own = headerValue(request, 'authorization');
    const isLent =
      repository !== null &&
      PLAIN_NAME.test(repository) &&
      !repository.split('/').some((segment) => /^\.+$/.test(segment)) &&
      server?.repositories.some((pattern) =>
        matchesGlob(canonicalRepository(pattern), repository),
      ) === true;
    const authorization = own ?? (isLent ? `Bearer ${server.token}` : undefined);
    if (authorization === undefined) return { key: '', headers };
    headers['authorization'] = authorization;
    return { key: createHmac('sha256', this.#key).update(authorization).digest('hex'), headers };
  }
}
