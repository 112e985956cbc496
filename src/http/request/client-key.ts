/**
 * Which addresses are one client: http/exchange/exchange names it to the cache, which bounds its
 * fetches.
 */
import { isIP } from 'node:net';

/**
 * IPv6 groups of a /64, the least that one subscriber is given: its 2^64 addresses are one client.
 */
const GROUPS_OF_A_SUBSCRIBER = 4;

/** IPv4, also when a socket that listens on both writes it as `::ffff:192.0.2.1`. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Equal for connections that are to share one bound. An address that is gone counts as one client.
 */
export function clientKey(remoteAddress: string | undefined): string {
  const address = remoteAddress ?? '';
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(tail === undefined ? 0 : 8 - before.length - after.length);
  const groups = [...before, ...zeros.fill('0'), ...after];
  return `${groups.slice(0, GROUPS_OF_A_SUBSCRIBER).join(':')}::/64`;
}
