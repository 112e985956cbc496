/**
 * Whom TLS trusts: the roots of Node.js, those of the system's store, of NODE_EXTRA_CA_CERTS, and
 * what an origin's settings add. Used by origin/connect; `systemStore` also by the doctor.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { certificatesOf, NO_TLS_MATERIAL } from '../config/reach-files.js';
import type { TlsMaterial } from '../model/reach.js';

/** Contexts that a thread keeps, some MiB each: one for each set of certificates in use. */
const MAX_CONTEXTS = 16;

/** Where systems keep the roots that they trust: Debian, Fedora, openSUSE, Alpine and macOS. */
const SYSTEM_FILES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** A file of roots that was read, or could not be although a variable names it. */
export interface RootFile {
  readonly path: string;
  /** The variable that names it; `null`: the system's own place. */
  readonly variable: string | null;
  readonly certificates: readonly string[];
  /** Why there are none. */
  readonly error: string | null;
}

/**
 * The system's store, or the file of SSL_CERT_FILE in its place, and that of NODE_EXTRA_CA_CERTS.
 */
export function systemStore(env: Environment): readonly RootFile[] {
  const named = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'].flatMap((variable) => {
    const path = env[variable] ?? '';
    return path === '' ? [] : [readRoots(path, variable)];
  });
  if (named.some(({ variable }) => variable === 'SSL_CERT_FILE')) return named;
  const own = SYSTEM_FILES.map((path) => readRoots(path, null));
  const found = own.find(({ certificates }) => certificates.length > 0);
  return found === undefined ? named : [found, ...named];
}

function readRoots(path: string, variable: string | null): RootFile {
  try {
    const certificates = certificatesOf(readFileSync(path, 'latin1'));
    const error = certificates.length === 0 ? 'it holds no certificate in PEM' : null;
    return { path, variable, certificates, error };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { path, variable, certificates: [], error: why };
  }
}

let beyondNode: readonly string[] | undefined;

/** What the machine trusts beside Node.js's own roots. Read once: a change needs a restart. */
function systemRoots(): readonly string[] {
  if (beyondNode === undefined) {
    const built = new Set(rootCertificates.map(bare));
    const all = systemStore(process.env).flatMap(({ certificates }) => certificates);
    beyondNode = all.filter((pem) => !built.has(bare(pem)));
  }
  return beyondNode;
}

/** Without line ends, which differ. */
function bare(pem: string): string {
  return pem.replace(/\s+|-----[A-Z ]+-----/g, '');
}

const contexts = new LRUCache<string, SecureContext>({ max: MAX_CONTEXTS });

/**
 * The context for a connection with `tls`. `instead`: certificates to trust in place of all others.
 * Making one takes some ms, as it reads every root.
 */
export function secureContext(tls = NO_TLS_MATERIAL, instead?: string): SecureContext {
  const key = createHash('sha256')
    .update(JSON.stringify([tls, instead]))
    .digest('hex');
  let context = contexts.get(key);
  if (context === undefined) {
    context = makeContext(tls, instead);
    contexts.set(key, context);
  }
  return context;
}

function makeContext(tls: TlsMaterial, instead: string | undefined): SecureContext {
  const extra = [...systemRoots(), ...(tls.ca === null ? [] : [tls.ca])];
  const ca = instead ?? (extra.length === 0 ? undefined : [...rootCertificates, ...extra]);
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(tls.cert !== null && { cert: tls.cert }),
    ...(tls.key !== null && { key: tls.key }),
  });
}
