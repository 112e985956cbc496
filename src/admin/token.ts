/**
 * The token that changes through the admin API need: read from its file, made there when it is
 * missing. Who may read the file may change the cache: its mode is 0600. assemble loads it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { proofOf, type Proven } from './proof.js';
import { Ownership } from '../store/directory/ownership.js';

export type Token =
  | {
      readonly kind: 'ready';
      /** True for the token itself; takes as long for every wrong one. */
      accepts(offered: string): boolean;
      /** The proof that the token is known here (admin/proof). */
      prove(proven: Proven): string;
      /** For people, when others than its owner may read the file. */
      readonly warning: string | null;
    }
  /** The API allows no changes; `why` is for people. */
  | { readonly kind: 'unavailable'; readonly why: string };

const TOKEN_BYTES = 32;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

const ROOT_UID = 0;
const ROOT = new Ownership(ROOT_UID);

/** RFC 6750 section 2.1: the syntax of a token in Authorization. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,1024}=*$/;

/** Where a token is kept. */
export interface TokenFile {
  readonly path: string;
  /** The same for people. */
  readonly shown: string;
  readonly own: Ownership;
  /** The file was named by the operator: it may be the system's own, and lie behind a symlink. */
  readonly named?: true;
}

/** A file that the configuration names: Kubernetes mounts secrets as root's, behind symlinks. */
export function namedTokenFile(path: string): TokenFile {
  return { path, shown: path, own: new Ownership(), named: true };
}

/** Reads the token in a file, or makes one there. Never throws. */
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
      why: `${path} holds no token: one line of 16 to 1024 letters, digits and -._~+/`,
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
    // What the system's own user put there may be believed where the operator names it.
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

/** Of equal length whatever was offered, as the comparison needs it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The token of an Authorization field (RFC 6750); `undefined` without one. */
export function bearerOf(field: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(field ?? '')?.[1];
}
