/**
 * Reads the files for connections to an origin: certificates, a key, credentials for its proxy.
 * Their content never appears in a message. Used by config/reaching.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { TlsMaterial } from '../model/reach.js';
import { formatKey } from './problem.js';
import { MAX_SECRET_BYTES, type ReadText, reason, type SecretProblem } from './secrets.js';

/** The maximum size of a PEM file. All roots that a system trusts are some 200 KiB. */
export const MAX_PEM_BYTES = 1024 * 1024;

/** The content of one origin's files. */
export interface ReachFiles {
  readonly tls: TlsMaterial;
  /** `user:password`. */
  readonly proxyCredentials: string | null;
}

/** Settings that name files, with the required content of each. */
const KINDS = {
  caFile: { maxBytes: MAX_PEM_BYTES, expected: 'a file of certificates in PEM', holds: isPem },
  certFile: { maxBytes: MAX_PEM_BYTES, expected: 'a file of certificates in PEM', holds: isPem },
  keyFile: {
    maxBytes: MAX_PEM_BYTES,
    expected: 'a file with a private key in PEM, without a passphrase',
    holds: isKey,
  },
  proxyCredentialsFile: {
    maxBytes: MAX_SECRET_BYTES,
    expected: 'a file with one line, user:password',
    holds: (text: string) => /^[^:\p{Cc}]+:\P{Cc}*$/u.test(text.trim()),
  },
} as const;

type FileSetting = keyof typeof KINDS;

/** No certificates beyond the trusted ones of the system and Node. */
export const NO_TLS_MATERIAL: TlsMaterial = { ca: null, cert: null, key: null };

export const NOTHING: ReachFiles = { tls: NO_TLS_MATERIAL, proxyCredentials: null };

/** Reads the files that `origins` of `values` name; returns one entry for each origin. */
export function readReachFiles(
  values: Readonly<Record<string, unknown>>,
  readText: ReadText,
): { readonly files: readonly ReachFiles[]; readonly problems: readonly SecretProblem[] } {
  const { origins } = values;
  if (!Array.isArray(origins)) return { files: [], problems: [] };
  const problems: SecretProblem[] = [];
  const files = origins.map((origin: unknown, index): ReachFiles => {
    if (typeof origin !== 'object' || origin === null) return NOTHING;
    const given = origin as Readonly<Record<string, unknown>>;
    const read = (name: FileSetting): string | null => {
      const path = given[name];
      if (typeof path !== 'string' || path === '') return null;
      const found = readOne(path, KINDS[name], readText);
      if ('text' in found) return found.text;
      const keyPath = ['origins', index, name];
      problems.push({
        path: keyPath,
        key: formatKey(keyPath),
        found: `${JSON.stringify(path)}, ${found.why}`,
        expected: KINDS[name].expected,
        nearest: null,
      });
      return null;
    };
    const tls = { ca: read('caFile'), cert: read('certFile'), key: read('keyFile') };
    if (!isPair(tls)) {
      const keyPath = ['origins', index, 'keyFile'];
      const found = 'the key of another certificate';
      const expected = 'the private key of the first certificate in certFile';
      problems.push({ path: keyPath, key: formatKey(keyPath), found, expected, nearest: null });
    }
    return { tls, proxyCredentials: read('proxyCredentialsFile')?.trim() ?? null };
  });
  return { files, problems };
}

function readOne(
  path: string,
  { maxBytes, holds }: (typeof KINDS)[FileSetting],
  readText: ReadText,
): { readonly text: string } | { readonly why: string } {
  let text: string;
  try {
    text = readText(path, maxBytes);
  } catch (error) {
    return { why: `which cannot be read (${reason(error)})` };
  }
  return holds(text) ? { text } : { why: 'which contains something else' };
}

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Returns the certificates of a PEM text, without the text between them. */
export function certificatesOf(pem: string): readonly string[] {
  return pem.match(CERTIFICATE) ?? [];
}

function isPem(text: string): boolean {
  const blocks = certificatesOf(text);
  return blocks.length > 0 && blocks.every((block) => parsed(() => new X509Certificate(block)));
}

function isKey(text: string): boolean {
  return parsed(() => createPrivateKey(text));
}

/** Returns false if both key and certificate were read and do not belong together. */
function isPair({ cert, key }: TlsMaterial): boolean {
  if (cert === null || key === null) return true;
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

function parsed(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
