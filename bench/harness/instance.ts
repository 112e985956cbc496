/** One running peer with its directory: started, stopped, started again, and removed at the end. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer, RunningPeer, StartContext } from '../peers/peer.js';
import type { MemoryCgroup } from './memory-cgroup.js';
import type { Origin } from './origin.js';

/** Servers that accept connections may still be busy with their start. */
const SETTLE_MS = 300;

export class Instance {
  readonly peer: Peer;
  readonly origin: Origin;
  readonly directory: string;
  readonly #context: StartContext;
  readonly #cgroup: MemoryCgroup | undefined;
  #running: RunningPeer | undefined;

  constructor(peer: Peer, origin: Origin, cgroup: MemoryCgroup | undefined, context: StartContext) {
    this.peer = peer;
    this.origin = origin;
    this.directory = context.directory;
    this.#cgroup = cgroup;
    this.#context = context;
  }

  get target(): { readonly port: number; readonly prefix: string | undefined } {
    return { port: this.#peer.port, prefix: this.peer.pathPrefix };
  }

  /** The root of its process tree. */
  get pid(): number {
    return this.#peer.process.pid;
  }

  /**
   * Starts it on what its directory holds; resolves to the seconds until it accepted connections.
   */
  async start(): Promise<number> {
    const begin = performance.now();
    this.#running =
      this.peer.role === 'origin'
        ? { port: this.origin.port, process: this.origin.process }
        : await this.peer.start(this.#context);
    const seconds = (performance.now() - begin) / 1000;
    await sleep(SETTLE_MS);
    return seconds;
  }

  async stop(): Promise<void> {
    if (this.peer.role !== 'origin') await this.#running?.process.end();
    this.#running = undefined;
  }

  /** Ends it and removes its directory. */
  async discard(): Promise<void> {
    await this.stop();
    this.#cgroup?.remove();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  get #peer(): RunningPeer {
    if (this.#running === undefined) throw new Error(`${this.peer.name} does not run`);
    return this.#running;
  }
}
