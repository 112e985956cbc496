/** Ports for peers that cannot be given port 0, and the wait until they answer. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LongRunning } from './processes.js';

/** Some peers make their store at their first start. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

/** A port of 127.0.0.1 that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Resolves when the server accepts connections; rejects with its last words when it ends first. */
export async function untilListening(port: number, server: LongRunning): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (server.hasEnded()) throw new Error(`ended at its start: ${server.said()}`);
    if (performance.now() > deadline) throw new Error(`does not listen: ${server.said()}`);
    await sleep(POLL_MS);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
