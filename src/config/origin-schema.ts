/**
 * The schema of one entry of `origins`, and the default origin.
 */
import { z } from 'zod';
import {
  digest,
  hostPattern,
  mountPath,
  originName,
  originUrl,
  path,
  pathPattern,
  webOrigin,
} from './kinds.js';
import { proxySetting } from './proxies.js';
import { formatDigest } from '../model/digest.js';
import { isFieldValue, isToken } from '../model/field-syntax.js';
import { DECIDED_HERE } from '../model/hop-by-hop.js';
import type { OriginReach } from '../model/reach.js';
import {
  choice,
  count,
  describeSetting,
  optionalText,
  optionalTextList,
  requiredText,
  section,
  settings,
  text,
  textList,
  toggle,
} from './setting.js';

/** Replaces a secret. */
export const REDACTED = '[redacted]';

const MAX_NAME_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 8192;

/** True for the name of a field that an operator may set. */
function isOpenName(name: string): boolean {
  const isName = isToken(name) && name.length <= MAX_NAME_CHARACTERS;
  return isName && !DECIDED_HERE.has(name.toLowerCase());
}

const headerName = z
  .string()
  .refine(isOpenName, {
    error: 'a field name that is not one of those that Forebay sets itself',
  })
  .transform((name) => name.toLowerCase());

const headerExpected = 'a field value, or {file: PATH} with a file that holds it';

/** By now secrets.ts has put what the file holds in the place of `{file: PATH}`. */
const headerValue = z
  .string({ error: headerExpected })
  .refine((value) => isFieldValue(value) && value.length <= MAX_VALUE_CHARACTERS, {
    error: headerExpected,
  });

const digestPin = section({
  pattern: requiredText(pathPattern, {
    meaning:
      'Objects by path: compared with the path below the mount, without the query, in every spelling that a ' +
      'server may take for the same, such as `%2B` for `+` or `//` for `/`. `*` matches anything but ' +
      '`/`, `**` for anything, `?` for one character.',
  }),
  digest: requiredText(digest, {
    meaning: 'SHA-256, BLAKE3 as `b3sum` prints it, or the id of git, of the whole object.',
  }),
});

const headersExpected = `a mapping from field names, each to ${headerExpected}`;
const aboutHeaders = {
  meaning:
    'Fields sent to the origin, never to another host that it redirects to. A secret is kept in a file: ' +
    '`authorization: {file: /run/secrets/token}`.',
};

/** Field values are often secret: names alone are shown. */
function hideValues(headers: unknown): unknown {
  const names = Object.keys(headers ?? {});
  return Object.fromEntries(names.map((name) => [name, REDACTED]));
}

const digestsExpected = 'a list of {pattern, digest}';
const aboutDigests = {
  meaning: 'Digests that whole objects must have; the first pattern that fits decides.',
};

const originFields = section({
  name: optionalText(originName, 'host of url, then mount', {
    meaning:
      'Its name in logs, metrics and stored objects. Another name is another origin: it shares nothing.',
  }),
  mount: text(mountPath, '/', {
    meaning: 'The path prefix for clients, removed before forwarding. The longest match decides.',
  }),
  url: requiredText(originUrl, {
    meaning: 'The URL of the origin. The path after the mount is appended.',
    flag: '--origin',
  }),
  adapter: choice(['http', 'huggingface'], 'http', {
    meaning:
      '`huggingface`: a hub of models, mirrored as its clients expect. Its mount must be `/`, as these ' +
      'clients follow paths from the root.',
  }),
  maxConnections: count(32, 1, 1024, {
    meaning:
      'The most connections to it. Fetches begin with 8, and get more only while that raises the throughput; ' +
      '8 or less is a fixed number.',
  }),
  redirectHosts: textList(hostPattern, {
    meaning: 'Hosts, beside its own, that its redirects may lead to.',
  }),
  allowPrivateRedirects: toggle(false, {
    meaning: 'Whether redirects to other hosts may lead to private and local addresses.',
  }),
  passMethods: toggle(false, {
    meaning:
      'Whether methods other than GET and HEAD are passed on to it, uncached: POST, PUT, PATCH, DELETE, ' +
      'OPTIONS and others, never TRACE and CONNECT. The flag is for the origin of `--origin`.',
    flag: '--pass-methods',
  }),
  headers: z
    .record(headerName, headerValue, { error: headersExpected })
    .prefault({})
    .register(
      settings,
      describeSetting(aboutHeaders, 'mapping', headersExpected, '{}', 'text', hideValues),
    ),
  cors: optionalTextList(webOrigin, 'every page for a hub, else none', {
    meaning:
      'Origins of web pages that may read it (CORS). `*` means every page, unless a credential of ' +
      'yours is sent to the origin: then each page must be listed.',
  }),
  proxy: optionalText(proxySetting, 'what the environment says', {
    meaning:
      'The forward proxy for it and for the targets of its redirects; `none`: a direct connection. ' +
      'By default `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment decide.',
  }),
  proxyCredentialsFile: optionalText(path, 'none', {
    meaning: 'A file with `user:password` for `proxy`. Read at start and at each reload.',
  }),
  caFile: optionalText(path, 'none', {
    meaning:
      'Certificates (PEM) to trust for it, for the targets of its redirects and for its proxy, beside the ' +
      "system's and those of Node.js. Read at start and at each reload.",
  }),
  certFile: optionalText(path, 'none', {
    meaning:
      'A client certificate (PEM) for it, shown to no other host. Read at start and at each reload.',
  }),
  keyFile: optionalText(path, 'none', {
    meaning: 'The private key (PEM, without a passphrase) of the certificate in `certFile`.',
  }),
  pinned: textList(pathPattern, {
    meaning: 'Objects whose chunks are evicted last: patterns as in `digests`.',
  }),
  integrity: choice(['default', 'strict'], 'default', {
    meaning:
      '`strict` releases no byte that a verified digest does not cover. For a hub it covers files by ' +
      '`/resolve/`; other answers of a hub have no digest.',
  }),
  digests: z
    .array(digestPin, { error: digestsExpected })
    .prefault([])
    .register(
      settings,
      describeSetting(aboutDigests, 'list', digestsExpected, '[]', 'text', writePins),
    ),
});

function writePins(pins: unknown): unknown {
  return (pins as readonly z.output<typeof digestPin>[]).map((pin) => ({
    pattern: pin.pattern,
    digest: formatDigest(pin.digest),
  }));
}

/** load.ts adds what files and the environment configure. */
const UNREAD: { readonly reach?: OriginReach } = {};

/** One origin. Its output has every field; `url` has no trailing slash, `mount` only as `/`. */
export const originSchema = originFields.transform((origin) => ({
  ...origin,
  ...UNREAD,
  name: origin.name ?? derivedName(origin.url, origin.mount),
  cors: origin.cors ?? (origin.adapter === 'huggingface' ? ['*'] : []),
  ...(origin.adapter === 'huggingface' && ofHub(origin)),
}));

/** The hosts of a hub's redirects; and `paths-info` is a POST (hub/passed). */
function ofHub({ redirectHosts }: { readonly redirectHosts: string[] }) {
  const hosts = redirectHosts.length > 0 ? redirectHosts : [...HUB_HOSTS];
  return { passMethods: true, redirectHosts: hosts };
}

/** The content networks of huggingface.co. */
const HUB_HOSTS: readonly string[] = ['*.hf.co', '*.huggingface.co', '*.xethub.hf.co'];

/** The shape of an origin, for docs and for the keys that are known. */
export const originShape = originFields.shape;

/** The shape of an entry of `digests`. */
export const digestPinShape = digestPin.shape;

/** A name that stays the same as long as the origin does: stored objects carry it. */
function derivedName(url: string, mount: string): string {
  const text = `${new URL(url).host}${mount === '/' ? '' : mount}`;
  const name = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  const isPlain = (at: number): boolean => /^[a-z0-9]$/.test(name[at] ?? '0');
  let from = 0;
  while (!isPlain(from)) from += 1;
  let end = name.length;
  while (end > from && !isPlain(end - 1)) end -= 1;
  return name.slice(from, end).slice(0, 64);
}

/** Mirrored when no origin is configured. */
export const DEFAULT_HUB = 'https://huggingface.co';

/** The origins when none is configured: the hub at `url`, mirrored. */
export function hubOrigins(url: string): z.input<typeof originSchema>[] {
  return [{ name: 'huggingface', adapter: 'huggingface', url }];
}
