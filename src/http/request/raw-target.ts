/**
 * Requests whose target has bytes above 0x7f as they are: curl and others send names that are not
 * ASCII so. Node's parser refuses them, and has no setting for it. Here the bytes are escaped,
 * which is what the target means (RFC 3986 section 2.5), and the parser is given the request anew.
 * http/server asks for each connection that the parser gave up on.
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node's parser says of text that it refuses. */
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
 * What came from the refused request on, with the bytes of its target escaped; `undefined` where
 * something else was refused, or the target's beginning or end is in another packet.
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
 * Has the connection's parser begin anew with `text`, in the next turn; false where it cannot. What
 * was parsed before, and the order of answers, stay.
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
    // Out of the list that is watched for late requests, whose order goes by the times that begin
    // anew.
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
