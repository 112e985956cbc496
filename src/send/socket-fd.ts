/**
 * The descriptor under a connection, which the pump and the hit server duplicate. The only place
 * that knows what node does not document: where a socket keeps it.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** `null` for TLS, whose bytes are not the response's, and for a closed connection. */
export function socketFd(response: ServerResponse): number | null {
  return descriptorOf(response.req.socket);
}

/** The same for a connection. */
export function descriptorOf(
  socket: Socket & {
    readonly encrypted?: boolean;
    readonly _handle?: { readonly fd?: unknown } | null;
  },
): number | null {
  if (socket.encrypted === true) return null;
  const fd = socket._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

/** Resolves when node has handed all that was written to the connection to the kernel. */
export function flushed(response: ServerResponse): Promise<void> {
  const { socket } = response.req;
  if (socket.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    // Callbacks come in order, and for a socket that breaks too.
    socket.write('', () => {
      resolve();
    });
  });
}
