/**
 * Bounds the number of connections to the admin listener. At the bound, a new connection closes the
 * one that has been idle the longest, so that health checks and scrapers always get through. Used
 * by admin/listener.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Several times what probes, scrapers, an operator's commands and `MAX_LISTENERS` need. */
export const MAX_CONNECTIONS = 128;

/** Keeps the connections of `server` within `max`. Call it before `server` listens. */
export function boundConnections(server: Server, max = MAX_CONNECTIONS): void {
  /** Idle connections, the longest idle first. */
  const idle = new Set<Socket>();
  const running = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    if (idle.size + running.size >= max) {
      const [first] = idle;
      if (first === undefined) {
        socket.destroy();
        return;
      }
      idle.delete(first);
      first.destroy();
    }
    idle.add(socket);
    socket.once('close', () => {
      idle.delete(socket);
      running.delete(socket);
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    // A connection closed above is no longer counted.
    if (socket.destroyed) return;
    idle.delete(socket);
    running.set(socket, (running.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (running.get(socket) ?? 1) - 1;
      if (left > 0) running.set(socket, left);
      else if (running.delete(socket) && !socket.destroyed) idle.add(socket);
    });
  });
}
