/**
 * Parses NO_PROXY, the list of hosts that are reached without a proxy, by the rules of curl and Go.
 * Pure; used by origin/reach.
 */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** An entry with a port: `host:8080`, `[::1]:8080`. */
const WITH_PORT = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/;

/** The destination of a request. `host` is like `URL.hostname`, without brackets. */
interface ConnectPlace {
  readonly host: string;
  readonly port: string;
}

/**
 * True when the host of `url` is reached without a proxy. Entries are separated by commas or white
 * space: `*`, a name (it and all its subdomains, also written `.name`), `*.name` (only the
 * subdomains), an address, a network in CIDR notation, and a name or address with `:port`. Loopback
 * hosts never use a proxy.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = unbracketed(url.hostname).replace(/\.$/, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (isLoopback(host)) return true;
  return noProxy
    .split(/[\s,]/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), { host, port }));
}

function matches(entry: string, { host, port }: ConnectPlace): boolean {
  if (entry === '*') return true;
  const [, named, onlyPort] = WITH_PORT.exec(entry) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const what = unbracketed(named ?? entry);
  const [network = '', prefix] = what.split('/', 2);
  if (prefix !== undefined) return /^\d{1,3}$/.test(prefix) && isWithin(host, network, +prefix);
  const family = isIP(what);
  if (family !== 0) return isWithin(host, what, family === 4 ? 32 : 128);
  return isIP(host) === 0 && isBelow(host, what);
}

function isBelow(host: string, entry: string): boolean {
  const isWildcard = entry.startsWith('*.');
  const written = entry.replace(/^\*?\./, '').replace(/\.$/, '');
  const name = domainToASCII(written);
  if (name === '') return false;
  return host.endsWith(`.${name}`) || (!isWildcard && host === name);
}

/** True when `host` is an address in the network. An IPv4-mapped IPv6 address counts as IPv4. */
function isWithin(host: string, network: string, prefix: number): boolean {
  const family = isIP(network);
  if (isIP(host) === 0 || family === 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** True for a loopback host. A proxy on another machine would connect to its own loopback. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return isWithin(host, '127.0.0.0', 8) || isWithin(host, '::1', 128);
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
