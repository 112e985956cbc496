/**
 * Checks values that name a host in a request: Host, the authority of an absolute-form target, and
 * the fields that proxies add. Pure.
 */

/**
 * uri-host with an optional port (RFC 9110 section 7.2): a name or an IPv4 address, or an IP
 * literal in brackets; empty if the target has no authority.
 */
const HOST = /^(?:(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-fv:.]+\])(?::\d*)?$/;

/**
 * True for the value of a Host field that names one host, or none. It contains no `<`, `>`, `"`,
 * `,` or space, so that it can be put into a URL and into a field.
 */
export function isHost(value: string): boolean {
  return HOST.test(value);
}

/** True for a value that names one host. An authority is not empty (RFC 9110 section 4.2.1). */
export function namesHost(value: string): boolean {
  return isHost(value) && !/^(?::|$)/.test(value);
}
