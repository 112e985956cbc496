/**
 * The address check against server-side request forgery: a target with the policy `public` never
 * gets a connection to a private, local or otherwise special address. The check is a part of the
 * `lookup` function, so the checked address is the connected address even if DNS answers change
 * (DNS rebinding). Used by origin/connect.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ForebayError } from '../model/errors.js';
import type { FetchUrl } from '../model/fetch.js';
import type { Clock } from '../model/time.js';

type AddressPolicy = FetchUrl['addresses'];

/** IANA's IPv4 special-purpose registry, multicast, reserved, and one cloud's host service. */
const SPECIAL_V4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT; 100.100.100.200 is a metadata service
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure's host service: public by number, local by nature
  ['169.254.0.0', 16], // link-local; 169.254.169.254 is a metadata service
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // IETF assignments; 192.0.0.192 is a metadata service
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relay
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** The parts of 2000::/3, IPv6's only global unicast space, that the internet does not route. */
const SPECIAL_V6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // IETF assignments: Teredo, ORCHID
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: an IPv4 address inside
  ['3fff::', 20], // documentation
];

const specialV4 = new BlockList();
for (const [network, prefix] of SPECIAL_V4) specialV4.addSubnet(network, prefix, 'ipv4');
const specialV6 = new BlockList();
for (const [network, prefix] of SPECIAL_V6) specialV6.addSubnet(network, prefix, 'ipv6');

/** Prefixes of IPv6 addresses whose last 32 bits are an IPv4 address. */
const MAPPED_V4 = '0:0:0:0:0:ffff'; // ::ffff:0:0/96
const NAT64_V4 = '64:ff9b:0:0:0:0'; // 64:ff9b::/96, RFC 6052

/** Returns the eight groups of an IPv6 address. The URL parser makes the spelling canonical. */
function groupsOf(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

function isPublicV6(address: string): boolean {
  const groups = groupsOf(address);
  const prefix = groups.slice(0, 6).map((group) => group.toString(16));
  if (prefix.join(':') === MAPPED_V4 || prefix.join(':') === NAT64_V4) {
    const [high = 0, low = 0] = groups.slice(6);
    return isPublicAddress([high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  const global = ((groups[0] ?? 0) & 0xe000) === 0x2000;
  return global && !specialV6.check(address, 'ipv6');
}

/**
 * True when `address` is an IPv4 or IPv6 literal that the public internet routes. False for every
 * special-purpose address (IPv4-mapped and NAT64 forms count as the IPv4 address inside), for zoned
 * addresses (`fe80::1%eth0`), and for text that is not an address.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialV4.check(address, 'ipv4');
    case 6:
      return !address.includes('%') && isPublicV6(address);
    default:
      return false;
  }
}

function refused(host: string): ForebayError {
  return new ForebayError(
    'origin-address-refused',
    `${host} has no public address: set origins[].allowPrivateRedirects to follow redirects to it`,
    { source: 'origin', retryable: false },
  );
}

/**
 * Throws `origin-address-refused` when `hostname` (in the form of `URL.hostname`) is an address
 * that the policy forbids. Needed beside `guardedLookup`, because a literal is never looked up.
 */
export function checkLiteralAddress(hostname: string, policy: AddressPolicy): void {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (policy === 'public' && isIP(address) !== 0 && !isPublicAddress(address)) {
    throw refused(address);
  }
}

/** Names of this machine or its network under any resolver (RFC 6761, 6762, 8375, 9476). */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)\.?$/;

/** The longest wait for this machine's resolver when a proxy resolves the name for itself. */
const ASIDE_LOOKUP_MS = 1000;

/**
 * The most such lookups at once. Each may occupy one of libuv's four threads until the resolver
 * answers.
 */
const MAX_ASIDE_LOOKUPS = 2;

let asideLookups = 0;

/**
 * Checks a name that a proxy will resolve and connect to. Throws `origin-address-refused` when the
 * name is a local one, or when this machine's resolver finds an address that the policy forbids. A
 * name that this machine cannot resolve within a second passes: the proxy then decides alone. So
 * does every name while `MAX_ASIDE_LOOKUPS` lookups are running.
 */
export async function checkNamedAddress(
  hostname: string,
  policy: AddressPolicy,
  {
    clock,
    resolve = systemLookup,
  }: { readonly clock: Clock; readonly resolve?: Resolve | undefined },
): Promise<void> {
  if (policy === 'any' || isIP(hostname) !== 0) return;
  if (LOCAL_NAME.test(hostname)) throw refused(hostname);
  if (asideLookups >= MAX_ASIDE_LOOKUPS) return;
  asideLookups += 1;
  const found = await new Promise<readonly LookupAddress[]>((known) => {
    const cancel = clock.after(ASIDE_LOOKUP_MS, () => {
      known([]);
    });
    resolve(hostname, { all: true }, (error, addresses) => {
      asideLookups -= 1;
      cancel();
      known(error === null ? addresses : []);
    });
  });
  // The proxy may connect to any of the addresses.
  if (found.some(({ address }) => !isPublicAddress(address))) throw refused(hostname);
}

/** `dns.lookup` with `all: true`; replaced in tests. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Returns a `lookup` function for `net.connect` and `tls.connect`. Under the policy `public` it
 * removes every address that is not public; when none remains, it fails with
 * `origin-address-refused`.
 */
export function guardedLookup(
  policy: AddressPolicy,
  resolve: Resolve = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const usable =
        policy === 'any' ? found : found.filter(({ address }) => isPublicAddress(address));
      const [first] = usable;
      if (first === undefined) callback(refused(hostname), '');
      else if (options.all === true) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}
