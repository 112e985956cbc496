/** Opens listeners, with errors that say what to do. Used by http/server and admin/server. */
import { errnoOf } from '../../model/errno.js';
import type { Server } from 'node:net';
import { formatAddress, type ListenAddress } from '../../config/kinds.js';

/** Connections the kernel queues while the loop is busy; Linux caps it at `somaxconn` (4096). */
export const LISTEN_BACKLOG = 4096;

/** The address cannot be listened on. `code` is the system's (`EADDRINUSE` ...). */
export class ListenError extends Error {
  readonly code: string;
  readonly address: ListenAddress;

  constructor(address: ListenAddress, cause: unknown) {
    const code = errnoOf(cause);
    super(`cannot listen on ${formatAddress(address)}: ${explain(code)}`, { cause });
    this.name = 'ListenError';
    this.code = code;
    this.address = address;
  }
}

/** Resolves to the bound address; rejects with `ListenError`. */
export function listenOn(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => {
      reject(new ListenError(address, cause));
    };
    server.once('error', onError);
    server.listen({ host: address.host, port: address.port, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', onError);
      // A connection that could not be accepted, for want of descriptors: there is none to answer
      // on.
      server.on('error', unaccepted);
      const bound = server.address();
      resolve(
        bound === null || typeof bound === 'string'
          ? address
          : { host: bound.address, port: bound.port },
      );
    });
  });
}

function unaccepted(): void {
  // Without a listener it would end the process.
}

function explain(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is in use by another process';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'EACCES':
      return 'not permitted (ports below 1024 need the privilege)';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name does not resolve';
    default:
      return code;
  }
}
