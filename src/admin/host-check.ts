/**
 * Which Host and Origin the admin listener answers (DNS rebinding, cross-site requests): a page in
 * an operator's browser can reach loopback, but only under a name of its own. Pure.
 */
import { isIP } from 'node:net';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const WILDCARD_HOSTS: readonly string[] = ['0.0.0.0', '::'];

/** Host of RFC 9110 section 7.2: a name or IPv4 address, or an IPv6 address in brackets; a port. */
const HOST_FIELD = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i;

/**
 * True when the Host field names loopback or the host that is listened on. A wildcard listener
 * answers to every IP address: rebinding needs a name.
 */
export function hostAllowed(field: string | undefined, listenHost: string): boolean {
  const match = HOST_FIELD.exec(field ?? '');
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  if (LOOPBACK_NAMES.includes(host) || host === listenHost.toLowerCase()) return true;
  return WILDCARD_HOSTS.includes(listenHost) && isIP(host) !== 0;
}

/** True when there is no Origin field, or it is of an allowed host. */
export function originAllowed(field: string | undefined, listenHost: string): boolean {
  if (field === undefined) return true;
  const host = /^https?:\/\/([^/]+)$/i.exec(field)?.[1];
  return hostAllowed(host, listenHost);
}
