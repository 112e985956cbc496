/**
 * The key of a cache directory. Secrets that must not be written to the disk or sent by the admin
 * API in clear are replaced by an HMAC under this key, or encrypted with it. store/open-store reads
 * the key. Each user names a purpose, so that equal texts give unrelated results for two purposes.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  type KeyObject,
  createSecretKey,
  randomBytes,
} from 'node:crypto';
import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { errnoOf } from '../../model/errno.js';
import type { Ownership } from './ownership.js';

const KEY_BYTES = 32;
const FILE_MODE = 0o600;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const CHECK_BYTES = 16;

/** The uses of the key. */
export type Purpose =
  /** A client's credentials for a hub. */
  | 'credential'
  /** The value of a request field that Vary names. */
  | 'field'
  /** The position of the next page of a listing. */
  | 'cursor';

const FIELD_TAG = 'hmac:';
const FIELD_TAGGED = /^hmac:[0-9a-f]{64}$/;

/** True for a result of `fieldTag`. Older versions stored the value itself. */
export function isFieldTag(text: string): boolean {
  return FIELD_TAGGED.test(text);
}

export class CacheKey {
  readonly #key: KeyObject;

  /** @param bytes 32 random bytes. */
  constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(bytes);
  }

  /** Returns a key that is lost when the process ends. */
  static random(): CacheKey {
    return new CacheKey(randomBytes(KEY_BYTES));
  }

  /** Returns an HMAC of `text`, 64 hex digits, which reveals nothing of it without the key. */
  tag(purpose: Purpose, text: string): string {
    return createHmac('sha256', this.#key).update(`${purpose}\0${text}`).digest('hex');
  }

  /** Returns the text that is stored in place of a request's value of the field `name`. */
  fieldTag(name: string, value: string): string {
    return FIELD_TAG + this.tag('field', `${name}:${value}`);
  }

  /** Encrypts and authenticates `text`; returns base64url. */
  seal(purpose: Purpose, text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#derived(purpose), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** Returns the text that `seal` encrypted; `undefined` for anything else. */
  unseal(purpose: Purpose, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    const [nonce, check, rest] = [
      bytes.subarray(0, NONCE_BYTES),
      bytes.subarray(NONCE_BYTES, NONCE_BYTES + CHECK_BYTES),
      bytes.subarray(NONCE_BYTES + CHECK_BYTES),
    ];
    if (check.length !== CHECK_BYTES) return undefined;
    try {
      const decipher = createDecipheriv(CIPHER, this.#derived(purpose), nonce);
      decipher.setAuthTag(check);
      return Buffer.concat([decipher.update(rest), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  #derived(purpose: Purpose): Buffer {
    return createHmac('sha256', this.#key).update(`seal\0${purpose}`).digest();
  }
}

/**
 * Reads the key in `path`, or creates it with mode 0600; replaces a file that is not ours alone. If
 * that fails, returns a key for this process only: after a restart, what was stored under it is
 * fetched anew.
 */
export function loadKey(path: string, own: Ownership): CacheKey {
  try {
    return new CacheKey(readKey(path, own) ?? makeKey(path));
  } catch {
    // A directory that cannot be written keeps nothing that depends on the key.
    return CacheKey.random();
  }
}

/** Returns the key; `undefined` if there is no file, or it is not ours or not a key. */
function readKey(path: string, own: Ownership): Buffer | undefined {
  try {
    const key = Buffer.from(own.readSync(path).toString('latin1').trim(), 'hex');
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EPERM'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Writes a new key with a rename, so that a kill never leaves a partial file. */
function makeKey(path: string): Buffer {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.new`;
  // Left by a process that ended here, or made by another user, who could read the key in it.
  rmSync(draft, { force: true });
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(fd, `${key.toString('hex')}\n`);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  return key;
}
