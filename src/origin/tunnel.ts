/**
 * Requests a tunnel from a forward proxy by CONNECT (RFC 9110 section 9.3.6), over an open
 * connection. The proxy receives the name and its own credentials, and nothing else of the request.
 * Used by origin/connect.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { protocolError } from './transport-error.js';

/** The longest response to a CONNECT: Node's default, made explicit. */
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

/** What the proxy answered. */
export type TunnelEnd =
  | { readonly kind: 'open'; readonly socket: Socket }
  /** The proxy's status; its connection is gone. */
  | { readonly kind: 'refused'; readonly status: number };

/**
 * Resolves with the proxy's answer; rejects when its connection breaks before one, or is aborted.
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
        // TLS begins with the client: what speaks first is no tunnel.
        reject(protocolError('bytes of the proxy after its answer to CONNECT'));
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
  // The outcome has been reported already.
}
