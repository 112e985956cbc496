/**
 * Requests with raw bytes above 0x7f in their target, as curl and others send names that are not
 * ASCII. Node's parser refuses them and has no setting for it. The bytes are escaped, which is what
 * the target means (RFC 3986 section 2.5), and the request is parsed again. http/server calls this
 * for each connection that the parser refused.
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** The error of Node's parser. */
export interface Unread extends Error {
  readonly code?: string;
  /** Bytes of the packet before the one that was refused. */
  readonly bytesParsed?: number;
  readonly rawPacket?: Buffer;
}

/** Node's own parser of a connection (`socket.parser`), as far as it is used. */
interface Parser {
  remove(): void;
  initialize(
    type: number,
    resource: object,
    maxHeadBytes: number,
    lenience: number,
    connections: object,
  ): void;
}

/**
 * None is the end of another method's name, so that a line which begins with one and a space is a
 * request line, though its packet may begin in the middle of something.
 */
const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) [\x21-\x7e]*$/;

/** HTTPParser.REQUEST of node. */
const REQUEST = 1;

/** No byte is let through that node's parser would not take otherwise. */
const STRICT = 0;

const ABOVE_ASCII = 0x80;

/**
 * The packet from the refused request on, with its target escaped; `undefined` if another fault was
 * refused, or if the request line is not whole in this packet.
 */
export function escapedRequest({ code, bytesParsed = 0, rawPacket }: Unread): Buffer | undefined {
  if (code !== 'HPE_INVALID_URL' || rawPacket === undefined) return undefined;
  if ((rawPacket[bytesParsed] ?? 0) < ABOVE_ASCII) return undefined;
  const begin = rawPacket.lastIndexOf('\n', bytesParsed) + 1;
  if (!REQUEST_LINE.test(rawPacket.toString('latin1', begin, bytesParsed))) return undefined;
  const end = rawPacket.indexOf(' ', bytesParsed);
  const line = rawPacket.indexOf('\n', bytesParsed);
  if (end === -1 || line === -1 || line < end) return undefined;
  const target = rawPacket
    .toString('latin1', begin, end)
    .replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  return Buffer.concat([Buffer.from(target, 'latin1'), rawPacket.subarray(end)]);
}

/**
 * Restarts the connection's parser with `text`, in the next turn; false if that is impossible.
 * Requests parsed before, and the order of answers, stay.
 */
export function parseAnew(
  server: Server,
  socket: Duplex,
  text: Buffer,
  maxHeadBytes: number,
): boolean {
  const { parser } = socket as Duplex & { readonly parser?: Parser | null };
  const connections = connectionsOf(server);
  if (typeof parser?.initialize !== 'function' || typeof parser.remove !== 'function') return false;
  if (connections === undefined) return false;
  // Its stack has to unwind first; no bytes of the connection are read before that.
  process.nextTick(() => {
    if (socket.destroyed) return;
    // Removes it from the list that is checked for late requests, which is ordered by start time.
    parser.remove();
    parser.initialize(REQUEST, {}, maxHeadBytes, STRICT, connections);
    socket.emit('data', text);
  });
  return true;
}

/** Where node keeps the parsers whose requests may come too late. */
function connectionsOf(server: Server): object | undefined {
  const key = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  );
  return key === undefined ? undefined : (server as unknown as Record<symbol, object>)[key];
}
