/**
 * The fields that end at this hop (RFC 9110 section 7.6.1), and the request fields that Forebay
 * sets itself. All code for requests, responses, storing and configuration uses these lists.
 */

/** Fields of one connection, whether or not Connection names them. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields for the framing of a message, its destination and the hops that it has passed. */
export const OF_ONE_HOP: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'expect',
  'host',
  'via',
]);

/**
 * Request fields that Forebay sets for each fetch, because one fetch serves many clients: ranges,
 * conditions and codings, and the fields of one hop.
 */
export const DECIDED_HERE: ReadonlySet<string> = new Set([
  ...OF_ONE_HOP,
  'accept-encoding',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);
