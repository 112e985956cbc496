/**
 * Opens a tunnel through a forward proxy by CONNECT (RFC 9110 section 9.3.6), over an established
 * connection. The proxy gets the origin's name and port and its own credentials, and no part of the
 * request. Used by origin/connect.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { protocolError } from './transport-error.js';

/** The largest head of a response to CONNECT: Node's default, set explicitly. */
const MAX_HEAD_BYTES = 16 * 1024;

export interface TunnelOptions {
  /** The connection to the proxy; it becomes the tunnel. */
  readonly socket: Socket;
  /** `host:port` of the other end. */
  readonly authority: string;
  /** Value of Proxy-Authorization. */
  readonly authorization: string | null;
  /** Aborting destroys the connection. */
  readonly signal: AbortSignal;
}

/** The proxy's answer. */
export type TunnelEnd =
  | { readonly kind: 'open'; readonly socket: Socket }
  /** `status`: the proxy's answer. The connection to it is closed. */
  | { readonly kind: 'refused'; readonly status: number };

/**
 * Resolves with the proxy's answer. Rejects when the connection breaks before an answer, when
 * `signal` is aborted, and with `origin-protocol` for bytes that follow the answer.
 */
export function openTunnel(options: TunnelOptions): Promise<TunnelEnd> {
  const { socket, authority, authorization, signal } = options;
  return new Promise((resolve, reject) => {
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(authorization !== null && { 'proxy-authorization': authorization }),
      },
      maxHeaderSize: MAX_HEAD_BYTES,
      createConnection: () => socket,
    });
    const onAbort = (): void => {
      request.destroy(new Error('aborted'));
    };
    const done = (): void => {
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    request.once('connect', ({ statusCode = 0 }, _socket: Duplex, head: Buffer) => {
      done();
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length === 0) {
          resolve({ kind: 'open', socket });
          return;
        }
        // In TLS the client sends first, so these bytes cannot come from the origin.
        reject(protocolError('the proxy sent unexpected bytes after its answer to CONNECT'));
      } else resolve({ kind: 'refused', status: statusCode });
      socket.on('error', ignore).destroy();
    });
    request.once('response', ({ statusCode = 0 }) => {
      done();
      resolve({ kind: 'refused', status: statusCode });
      socket.on('error', ignore).destroy();
    });
    request.on('error', (error) => {
      done();
      reject(error);
    });
    request.end();
    if (signal.aborted) onAbort();
  });
}

function ignore(): void {
  // The promise is already settled; an 'error' event without a listener would throw.
}
