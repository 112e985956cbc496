/**
 * Loads the admin token, which changes through the admin API need, from its file, and creates it
 * there when it is missing. Every user who can read the file can change the cache, hence its mode
 * of 0600. Used by assemble.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { proofOf, type Proven } from './proof.js';
import { Ownership } from '../store/directory/ownership.js';

export type Token =
  | {
      readonly kind: 'ready';
      /** True when `offered` is the token; compares in constant time. */
      accepts(offered: string): boolean;
      /** Returns the proof of admin/proof under this token. */
      prove(proven: Proven): string;
      /** A message for the log when users other than the owner may read the file. */
      readonly warning: string | null;
    }
  /** Nothing can be changed through the API. `why` is a message for people. */
  | { readonly kind: 'unavailable'; readonly why: string };

const TOKEN_BYTES = 32;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

const ROOT_UID = 0;
const ROOT = new Ownership(ROOT_UID);

/** The characters that an Authorization field allows (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,1024}=*$/;

/** The file of a token. */
export interface TokenFile {
  readonly path: string;
  /** The path for messages. */
  readonly shown: string;
  readonly own: Ownership;
  /** Set for a file named by the operator: root may own it, and symlinks are followed. */
  readonly named?: true;
}

/**
 * Returns the token file that the configuration names. Kubernetes mounts secrets as files of root's
 * behind symlinks.
 */
export function namedTokenFile(path: string): TokenFile {
  return { path, shown: path, own: new Ownership(), named: true };
}

/** Reads the token in a file, or creates one there. Never throws. */
export function loadToken(file: TokenFile): Token {
  try {
    return ready(file.shown, read(file) ?? make(file.path));
  } catch (error) {
    return { kind: 'unavailable', why: `there is no admin token: ${reasonOf(error, file)}` };
  }
}

function reasonOf(error: unknown, { path, shown }: TokenFile): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(path, shown);
}

interface Found {
  readonly text: string;
  readonly mode: number;
}

function ready(path: string, { text, mode }: Found): Token {
  if (!TOKEN.test(text)) {
    return {
      kind: 'unavailable',
      why: `${path} holds no token: it needs one line of 16 to 1024 letters, digits and -._~+/`,
    };
  }
  const expected = digest(text);
  return {
    kind: 'ready',
    accepts: (offered) => timingSafeEqual(digest(offered), expected),
    prove: (proven) => proofOf(text, proven),
    warning:
      (mode & OTHERS) === 0 ? null : `others may read the admin token in ${path}: chmod 600 it`,
  };
}

function read({ path, own, named }: TokenFile): Found | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | (named ? 0 : O_NOFOLLOW));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    // A file of root's is trusted if the operator named it.
    if (named && stat.uid === ROOT_UID) ROOT.check(path, stat);
    else own.check(path, stat);
    return { text: readFileSync(fd, 'utf8').trim(), mode: stat.mode };
  } finally {
    closeSync(fd);
  }
}

function make(path: string): Found {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const text = randomBytes(TOKEN_BYTES).toString('hex');
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(fd, `${text}\n`);
  } finally {
    closeSync(fd);
  }
  return { text, mode: FILE_MODE };
}

/** Hashes to a fixed length, which the constant-time comparison needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Returns the bearer token of an Authorization field (RFC 6750); `undefined` without one. */
export function bearerOf(field: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(field ?? '')?.[1];
}
