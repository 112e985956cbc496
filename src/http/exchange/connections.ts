/**
 * The open client connections of http/server: their bound, and their end at a drain. The bound is
 * ours and not `server.maxConnections`, which closes without an answer.
 */
import type { Socket } from 'node:net';

/**
 * Connections above the bound that are kept open just long enough to be answered 503. Each ends
 * with its first request or at the headers timeout; beyond them connections are cut.
 */
export const MAX_SURPLUS = 256;

export type ConnectionAdmission = 'admitted' | 'surplus' | 'cut';

export class ClientConnections {
  #max: number;
  readonly #limit: number;
  readonly #admitted = new Set<Socket>();
  readonly #surplus = new Set<Socket>();

  /** `limit`: what the limit of open files leaves, which `max` does not exceed. */
  constructor(max: number, limit = Infinity) {
    this.#limit = limit;
    this.#max = Math.min(max, limit);
  }

  /** Connections that are open already stay, however many. */
  setMax(max: number): void {
    this.#max = Math.min(max, this.#limit);
  }

  /** Counts a new connection until it closes. `cut`: the caller destroys it. */
  admit(socket: Socket): ConnectionAdmission {
    const admission = this.#admission();
    if (admission === 'cut') return admission;
    const book = admission === 'admitted' ? this.#admitted : this.#surplus;
    book.add(socket);
    socket.once('close', () => book.delete(socket));
    return admission;
  }

  /** True for a connection beyond the bound: its request is to be refused. */
  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket);
  }

  get count(): number {
    return this.#admitted.size + this.#surplus.size;
  }

  /** Destroys the connections for which `which` is true. */
  destroy(which: (socket: Socket) => boolean): void {
    for (const socket of [...this.#admitted, ...this.#surplus]) {
      if (which(socket)) socket.destroy();
    }
  }

  #admission(): ConnectionAdmission {
    if (this.#admitted.size < this.#max) return 'admitted';
    return this.#surplus.size < Math.min(MAX_SURPLUS, this.#limit) ? 'surplus' : 'cut';
  }
}
