/**
 * The forward proxy of an origin: its own setting, else the environment variables, as curl reads
 * them. Used by config/reaching. Pure.
 */
import type { OriginReach, ProxyAddress } from '../model/reach.js';
import type { TextKind } from './setting.js';

/** `none`, or a URL in the form of `ProxyAddress.url`. */
export const proxySetting: TextKind<string> = {
  type: 'URL or `none`',
  expected:
    '`none`, or an http or https URL such as http://proxy.example:3128, without path, user name and ' +
    'password; put those two into proxyCredentialsFile',
  read(text) {
    if (text === 'none') return text;
    const found = readProxyUrl(text);
    return found?.credentials === null ? found.url : undefined;
  },
};

interface ProxyUrl {
  readonly url: string;
  readonly credentials: string | null;
}

/** The proxies of the environment. */
export interface ProxyEnvironment {
  readonly proxies: OriginReach['proxies'];
  readonly noProxy: string;
  /** Names of variables whose value is not a usable proxy. */
  readonly unusable: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the spelling that is set, the lower-case one first; an empty variable is not set. */
function variable(env: Environment, name: string): string | undefined {
  return [name.toLowerCase(), name].find((spelling) => (env[spelling] ?? '').trim() !== '');
}

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, and `ALL_PROXY` for a scheme without a variable of
 * its own.
 */
export function readProxyEnvironment(env: Environment): ProxyEnvironment {
  const unusable = new Set<string>();
  const proxyOf = (own: string): ProxyAddress | null => {
    const name = variable(env, own) ?? variable(env, 'ALL_PROXY');
    if (name === undefined) return null;
    const found = readProxyUrl(env[name]?.trim() ?? '');
    if (found === undefined) {
      unusable.add(name);
      return null;
    }
    const authorization = found.credentials === null ? null : basic(found.credentials);
    return { url: found.url, authorization, setting: name };
  };
  const proxies = { http: proxyOf('HTTP_PROXY'), https: proxyOf('HTTPS_PROXY') };
  const noProxy = env[variable(env, 'NO_PROXY') ?? ''] ?? '';
  return { proxies, noProxy, unusable: [...unusable] };
}

/** Returns Basic credentials (RFC 7617) for `user:password`. */
export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
}

/** Parses the URL of a proxy. `host:port` alone means http, as in curl and Go programs. */
function readProxyUrl(text: string): ProxyUrl | undefined {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (/[\s?#]/.test(text) || !URL.canParse(written)) return undefined;
  const url = new URL(written);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.pathname !== '/' || url.hostname === '') return undefined;
  const hasUser = url.username !== '' || url.password !== '';
  const credentials = hasUser ? `${decoded(url.username)}:${decoded(url.password)}` : null;
  return { url: url.origin, credentials };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
