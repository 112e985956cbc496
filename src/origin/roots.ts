/**
 * The certificates that TLS trusts: Node's roots, those of the system's store and of
 * NODE_EXTRA_CA_CERTS, and those of an origin's settings. Used by origin/connect and
 * origin/pass-client; `systemStore` also by the doctor.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { certificatesOf, NO_TLS_MATERIAL } from '../config/reach-files.js';
import type { TlsMaterial } from '../model/reach.js';

/** Most contexts that a thread keeps, of some MiB each: one per set of certificates in use. */
const MAX_CONTEXTS = 16;

/** The files of trusted roots on Debian, Fedora, openSUSE, Alpine and macOS. */
const SYSTEM_FILES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** A file of roots that was read, or whose reading failed. */
export interface RootFile {
  readonly path: string;
  /** The environment variable that names it; `null` for the system's own file. */
  readonly variable: string | null;
  readonly certificates: readonly string[];
  /** Why there are no certificates; `null` where there are. */
  readonly error: string | null;
}

/**
 * Reads the system's store, or the file of SSL_CERT_FILE in its place, and the file of
 * NODE_EXTRA_CA_CERTS.
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
    const error = certificates.length === 0 ? 'it contains no certificate in PEM' : null;
    return { path, variable, certificates, error };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { path, variable, certificates: [], error: why };
  }
}

let beyondNode: readonly string[] | undefined;

/** Returns the machine's roots that Node does not have. Read once: a change needs a restart. */
function systemRoots(): readonly string[] {
  if (beyondNode === undefined) {
    const built = new Set(rootCertificates.map(bare));
    const all = systemStore(process.env).flatMap(({ certificates }) => certificates);
    beyondNode = all.filter((pem) => !built.has(bare(pem)));
  }
  return beyondNode;
}

/** Removes white space and markers from a certificate, so that two copies compare as equal. */
function bare(pem: string): string {
  return pem.replace(/\s+|-----[A-Z ]+-----/g, '');
}

const contexts = new LRUCache<string, SecureContext>({ max: MAX_CONTEXTS });

/**
 * Returns the context for a connection with `tls`. `instead`: certificates to trust in place of all
 * others. Making a new one takes some ms, because it reads every root.
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
