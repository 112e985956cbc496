/**
 * Checks Host and Origin for the admin listener, against DNS rebinding and cross-site requests: a
 * page in an operator's browser can reach loopback, but only under a name of the page's own. Pure;
 * used by admin/server.
 */
import { isIP } from 'node:net';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const WILDCARD_HOSTS: readonly string[] = ['0.0.0.0', '::'];

/** Host (RFC 9110 section 7.2): a name, an IPv4 address or an IPv6 address in brackets; a port. */
const HOST_FIELD = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i;

/**
 * True when the Host field names loopback or the listener's host. A wildcard listener accepts any
 * IP address, because DNS rebinding needs a name.
 */
export function hostAllowed(field: string | undefined, listenHost: string): boolean {
  const match = HOST_FIELD.exec(field ?? '');
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  if (LOOPBACK_NAMES.includes(host) || host === listenHost.toLowerCase()) return true;
  return WILDCARD_HOSTS.includes(listenHost) && isIP(host) !== 0;
}

/** True when there is no Origin field, or it names an allowed host. */
export function originAllowed(field: string | undefined, listenHost: string): boolean {
  if (field === undefined) return true;
  const host = /^https?:\/\/([^/]+)$/i.exec(field)?.[1];
  return hostAllowed(host, listenHost);
}
