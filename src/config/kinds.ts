/** The kinds of text settings: each parses, normalises and formats its values. Pure. */
import { type Digest, formatDigest, parseDigest } from '../model/digest.js';
import { leadsElsewhere } from '../model/path.js';
import type { TextKind } from './setting.js';

/** The address of a listener. With port 0 the system chooses a port. */
export interface ListenAddress {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST_AND_PORT = /^(?:\[([0-9a-fA-F:.%]{2,64})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/;
const HIGHEST_PORT = 65535;

export const listenAddress: TextKind<ListenAddress> = {
  type: 'host:port',
  expected: 'HOST:PORT, such as 127.0.0.1:7080, 0.0.0.0:7080 or [::1]:7080',
  read(text) {
    const match = HOST_AND_PORT.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    return host === undefined || port > HIGHEST_PORT ? undefined : { host, port };
  },
  write: formatAddress,
};

/** Formats an address as `listenAddress` accepts it. */
export function formatAddress(address: ListenAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${String(address.port)}`;
}

export const path: TextKind<string> = {
  type: 'path',
  expected: 'a path',
  read: (text) => (text === '' || text.includes('\0') ? undefined : text),
};

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

export const originName: TextKind<string> = {
  type: 'name',
  expected: 'a name of lower-case letters, digits, `.`, `_` and `-`, at most 64 characters',
  read: (text) => (NAME.test(text) ? text : undefined),
};

const MOUNT_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._~-]+$/;

export const mountPath: TextKind<string> = {
  type: 'path',
  expected:
    'a path such as `/` or `/models`, of letters, digits, `-`, `.`, `_`, `~` and single `/`',
  read(text) {
    if (text === '/') return text;
    if (!text.startsWith('/')) return undefined;
    const segments = text.slice(1, text.endsWith('/') ? -1 : undefined).split('/');
    return segments.every((part) => MOUNT_SEGMENT.test(part))
      ? `/${segments.join('/')}`
      : undefined;
  },
};

export const originUrl: TextKind<string> = {
  type: 'URL',
  expected: 'an http or https URL without user name, query and fragment',
  read(text) {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
    if (url.username !== '' || url.password !== '' || /[?#\s]/.test(text)) return undefined;
    let end = url.href.length;
    while (url.href[end - 1] === '/') end -= 1;
    return url.href.slice(0, end);
  },
};

const HOST_PATTERN = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export const hostPattern: TextKind<string> = {
  type: 'host',
  expected: 'a host name such as cdn.example.org, or *.example.org for every host below it',
  read(text) {
    const host = text.toLowerCase();
    return HOST_PATTERN.test(host) ? host : undefined;
  },
};

/** An origin as browsers send it in Origin: lower case, no default port, no path. */
export const webOrigin: TextKind<string> = {
  type: 'origin',
  expected: '`*`, or the origin of a page such as http://localhost:5173',
  read(text) {
    if (text === '*') return text;
    if (!/^https?:/i.test(text) || !URL.canParse(text)) return undefined;
    const { origin, href } = new URL(text);
    return href === `${origin}/` ? origin : undefined;
  },
};

export const pathPattern: TextKind<string> = {
  type: 'glob',
  expected:
    'a path pattern that begins with `/`, without segments `.` and `..`; `*` matches any characters but `/`, ' +
    '`**` any characters',
  // No request's path has such a segment: the pattern could never match.
  read: (text) => (text.startsWith('/') && !leadsElsewhere(text) ? text : undefined),
};

export const digest: TextKind<Digest> = {
  type: 'digest',
  expected: '`sha256:` or `blake3:` and 64 hexadecimal digits, or `git-sha1:` and 40',
  read: parseDigest,
  write: formatDigest,
};

/** Patterns of repository ids of a hub: see `matchesGlob`. */
export const repositoryPattern: TextKind<string> = {
  type: 'pattern',
  expected: 'the id of a repository, such as `acme/model` or `datasets/acme/*`',
  read: (text) => (/^[A-Za-z0-9._*?-]+(?:\/[A-Za-z0-9._*?-]+){0,2}$/.test(text) ? text : undefined),
};
