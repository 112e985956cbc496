/**
 * The connections of the admin listener: their number, and which one is closed for a new one.
 * Health checks and scrapers must get through, so a new connection replaces the one without a
 * request for the longest time. Made by admin/server.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Probes, scrapers, an operator's commands and every listener of events there may be, several times
 * over.
 */
export const MAX_CONNECTIONS = 128;

/** Holds the connections of `server` within `max`. Before it listens. */
export function boundConnections(server: Server, max = MAX_CONNECTIONS): void {
  /** Idle ones, the longest first. */
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
    // Of one that gave way already nothing is left to count.
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
