/**
 * The key of a cache directory. Secrets that must not be on disk or leave by the admin API are
 * replaced by their HMAC under it, or sealed with it. store/open-store reads the key; each use
 * names a purpose, so that equal texts of two purposes have nothing in common.
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

/** What the key is used for. */
export type Purpose =
  /** Whose request it is, at a hub. */
  | 'credential'
  /** The value of a request field that Vary names. */
  | 'field'
  /** Where the next page of a listing begins. */
  | 'cursor';

const FIELD_TAG = 'hmac:';
const FIELD_TAGGED = /^hmac:[0-9a-f]{64}$/;

/** True for what `fieldTag` makes; older versions kept the value itself. */
export function isFieldTag(text: string): boolean {
  return FIELD_TAGGED.test(text);
}

export class CacheKey {
  readonly #key: KeyObject;

  /** @param bytes 32 random bytes. */
  constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(bytes);
  }

  /** A key that lasts as long as the process. */
  static random(): CacheKey {
    return new CacheKey(randomBytes(KEY_BYTES));
  }

  /** 64 hex digits that identify `text` and reveal nothing about it without the key. */
  tag(purpose: Purpose, text: string): string {
    return createHmac('sha256', this.#key).update(`${purpose}\0${text}`).digest('hex');
  }

  /** Replaces a request's value of the field `name`. */
  fieldTag(name: string, value: string): string {
    return FIELD_TAG + this.tag('field', `${name}:${value}`);
  }

  /** `text` as base64url that only a holder of the key can read or make. */
  seal(purpose: Purpose, text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#derived(purpose), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** The sealed text; `undefined` for anything else. */
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
 * Reads the key in `path` or makes one there, with mode 0600; one that others may access is
 * replaced. If that fails, the key lasts as long as the process, and whatever depends on it is
 * fetched again after that.
 */
export function loadKey(path: string, own: Ownership): CacheKey {
  try {
    return new CacheKey(readKey(path, own) ?? makeKey(path));
  } catch {
    // A cache directory that cannot be written stores nothing that needs the key.
    return CacheKey.random();
  }
}

/** `undefined` if there is none, or the file is not Forebay's own. */
function readKey(path: string, own: Ownership): Buffer | undefined {
  try {
    const key = Buffer.from(own.readSync(path).toString('latin1').trim(), 'hex');
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EPERM'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** In place at once and whole, whenever the process ends. */
function makeKey(path: string): Buffer {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.new`;
  // Left by a process that ended here; or planted by another user, who could read what is written
  // into it.
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
