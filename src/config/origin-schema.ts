/**
 * The schema of one entry of `origins`, and the origin that is used when none is configured.
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

/** Replaces a secret in shown configurations. */
export const REDACTED = '[redacted]';

const MAX_NAME_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 8192;

/** True for the name of a header field that an operator may set. */
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

const headerExpected = 'a field value, or {file: PATH} with a file that contains it';

/** secrets.ts has already replaced `{file: PATH}` by the file's content. */
const headerValue = z
  .string({ error: headerExpected })
  .refine((value) => isFieldValue(value) && value.length <= MAX_VALUE_CHARACTERS, {
    error: headerExpected,
  });

const digestPin = section({
  pattern: requiredText(pathPattern, {
    meaning:
      'The objects that must have the digest. It is matched against the path below the mount, without the query, ' +
      'in every spelling that a server may treat as the same, such as `%2B` for `+` or `//` for `/`. `*` matches ' +
      'any characters but `/`, `**` any characters, `?` one character.',
  }),
  digest: requiredText(digest, {
    meaning:
      'The digest of the whole object: SHA-256, BLAKE3 as `b3sum` prints it, or its git blob id.',
  }),
});

const headersExpected = `a mapping from field names, each to ${headerExpected}`;
const aboutHeaders = {
  meaning:
    'Header fields sent to the origin, never to another host that it redirects to. Keep a secret in a file of its ' +
    'own: `authorization: {file: /run/secrets/token}`.',
};

/** Redacts all field values, as they are often secret; the names are shown. */
function hideValues(headers: unknown): unknown {
  const names = Object.keys(headers ?? {});
  return Object.fromEntries(names.map((name) => [name, REDACTED]));
}

const digestsExpected = 'a list of {pattern, digest}';
const aboutDigests = {
  meaning: 'Digests that whole objects must have; the first pattern that matches decides.',
};

const originFields = section({
  name: optionalText(originName, 'host of url, then mount', {
    meaning:
      'The name of the origin in logs, metrics and stored objects. A renamed origin is a new one: it does not use ' +
      'the objects stored under the old name.',
  }),
  mount: text(mountPath, '/', {
    meaning:
      'The path prefix under which clients request it. The longest mount that matches a request decides, and is ' +
      'removed from the path.',
  }),
  url: requiredText(originUrl, {
    meaning:
      'The base URL of the origin. The part of a request path after the mount is appended to it.',
    flag: '--origin',
  }),
  adapter: choice(['http', 'huggingface'], 'http', {
    meaning:
      '`huggingface`: the origin is a model hub, and is mirrored with the API that its clients expect. Its mount ' +
      'must be `/`, as these clients use paths from the root.',
  }),
  maxConnections: count(32, 1, 1024, {
    meaning:
      'The maximum number of connections to the origin. Fetches start with 8, and more are opened only while that ' +
      'raises the throughput; a value of 8 or less is a fixed number.',
  }),
  redirectHosts: textList(hostPattern, {
    meaning: 'Hosts, besides its own, that its redirects may lead to.',
  }),
  allowPrivateRedirects: toggle(false, {
    meaning: 'Whether redirects to other hosts may lead to private and local addresses.',
  }),
  passMethods: toggle(false, {
    meaning:
      'Whether requests with methods other than GET and HEAD are forwarded to it, uncached: POST, PUT, PATCH, ' +
      'DELETE, OPTIONS and others, never TRACE and CONNECT. The flag applies to the origin of `--origin`.',
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
      'Origins of web pages whose scripts may read responses (CORS). `*` allows every page. It is honoured only ' +
      'while requests to the origin carry no credential of yours; with one, name each page.',
  }),
  proxy: optionalText(proxySetting, 'from the environment', {
    meaning:
      'The forward proxy for requests to it and to every host that it redirects to; `none`: no proxy. When unset, ' +
      'the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` decide.',
  }),
  proxyCredentialsFile: optionalText(path, 'none', {
    meaning: 'A file with `user:password` for `proxy`. Read at start and at each reload.',
  }),
  caFile: optionalText(path, 'none', {
    meaning:
      'Certificates (PEM) to trust for it, for every host that it redirects to and for its proxy, in addition to ' +
      "the system's and those of Node.js. Read at start and at each reload.",
  }),
  certFile: optionalText(path, 'none', {
    meaning:
      'A client certificate (PEM) for it, sent to no other host. Read at start and at each reload.',
  }),
  keyFile: optionalText(path, 'none', {
    meaning: 'The private key (PEM, without a passphrase) of the certificate in `certFile`.',
  }),
  pinned: textList(pathPattern, {
    meaning: 'Objects whose chunks are evicted last: patterns as in `digests`.',
  }),
  integrity: choice(['default', 'strict'], 'default', {
    meaning:
      '`strict` sends no byte that a verified digest does not cover. For a hub it applies to files under ' +
      '`/resolve/`; other responses of the hub have no digest and are sent without one.',
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

/** `reach`, from files and the environment, is added by load.ts. */
const UNREAD: { readonly reach?: OriginReach } = {};

/** One origin. Its output has every field; `url` has no trailing slash, `mount` only as `/`. */
export const originSchema = originFields.transform((origin) => ({
  ...origin,
  ...UNREAD,
  name: origin.name ?? derivedName(origin.url, origin.mount),
  cors: origin.cors ?? (origin.adapter === 'huggingface' ? ['*'] : []),
  ...(origin.adapter === 'huggingface' && ofHub(origin)),
}));

/** Adds the hosts of a hub's redirects, and POST, with which clients list paths (hub/passed). */
function ofHub({ redirectHosts }: { readonly redirectHosts: string[] }) {
  const hosts = redirectHosts.length > 0 ? redirectHosts : [...HUB_HOSTS];
  return { passMethods: true, redirectHosts: hosts };
}

/** The content networks of huggingface.co. */
const HUB_HOSTS: readonly string[] = ['*.hf.co', '*.huggingface.co', '*.xethub.hf.co'];

/** The shape of an origin, for the docs and the list of known keys. */
export const originShape = originFields.shape;

/** The shape of an entry of `digests`. */
export const digestPinShape = digestPin.shape;

/** Derives a name that stays the same as long as url and mount do: stored objects refer to it. */
function derivedName(url: string, mount: string): string {
  const text = `${new URL(url).host}${mount === '/' ? '' : mount}`;
  const name = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  const isPlain = (index: number): boolean => /^[a-z0-9]$/.test(name[index] ?? '0');
  let from = 0;
  while (!isPlain(from)) from += 1;
  let end = name.length;
  while (end > from && !isPlain(end - 1)) end -= 1;
  return name.slice(from, end).slice(0, 64);
}

/** Mirrored when no origin is configured. */
export const DEFAULT_HUB = 'https://huggingface.co';

/** Returns the origins for a configuration without any: the hub at `url`, mirrored. */
export function hubOrigins(url: string): z.input<typeof originSchema>[] {
  return [{ name: 'huggingface', adapter: 'huggingface', url }];
}
