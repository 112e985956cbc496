/**
 * The token that changes through the admin API need: read from its file, made there when it is
 * missing. Who may read the file may change the cache: its mode is 0600. assemble loads it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { proofOf, type Proven } from './proof.js';

export type Token =
  | {
      readonly kind: 'ready';
      /** True for the token itself; takes as long for every wrong one. */
      accepts(offered: string): boolean;
      /** What shows that the token is known here, as admin/proof has it. */
      prove(proven: Proven): string;
      /** For people, when others than its owner may read the file. */
      readonly warning: string | null;
    }
  /** Nothing can be changed through the API; `why` is for people. */
  | { readonly kind: 'unavailable'; readonly why: string };

const TOKEN_BYTES = 32;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** RFC 6750 section 2.1: what may stand in an Authorization field. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,1024}=*$/;

/** Reads the token in `path`, or makes one there. Never throws. */
export function loadToken(path: string): Token {
  try {
    return ready(path, read(path) ?? make(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'unavailable', why: `there is no admin token: ${reason}` };
  }
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

function read(path: string): Found | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { text: readFileSync(fd, 'utf8').trim(), mode: fstatSync(fd).mode };
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
