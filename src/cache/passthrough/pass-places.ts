/**
 * Assigns the connections of one origin to passed requests, and queues the others. A slow origin
 * does not delay requests to another origin, and a client with many requests does not delay another
 * client. cache/passthrough/pass has one for each origin.
 */
import { type Deferred, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';

/**
 * Most passed requests of one origin, under way or waiting. A waiting request costs little more
 * than its client's connection, so a burst from one client waits instead of failing.
 */
export const MAX_PASSING = 256;

/** Most of these for one client, so that other clients always find a place. */
export const MAX_PASSING_OF_CLIENT = MAX_PASSING / 2;

/**
 * The longest wait for a connection to the origin. The client's content is not read meanwhile, but
 * must have arrived within `listen.requestTimeout` (30 s): a wait as long as that would end the
 * client's connection without an answer.
 */
export const PASS_WAIT_MS = 10_000;

/** The clock and the signal of a wait. */
export interface PassWait {
  readonly clock: Clock;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** Gives a place back. A second call does nothing. */
export type GivePlace = () => void;

interface Waiting {
  readonly client: string;
  readonly turn: Deferred<undefined>;
}

export class PassPlaces {
  readonly #connections: number;
  /** Most connections of one client: half of them, or the only one. */
  readonly #connectionsOfClient: number;
  /** Number of requests of each client, under way or waiting. */
  readonly #passing = new Map<string, number>();
  /** Number of requests of each client that are under way. */
  readonly #running = new Map<string, number>();
  /** Served in order, but clients that have all their connections are passed over. */
  #queue: Waiting[] = [];
  #runningCount = 0;

  /** `connections`: the most simultaneous connections to the origin. */
  constructor(connections: number) {
    this.#connections = connections;
    this.#connectionsOfClient = Math.ceil(connections / 2);
  }

  /** Requests under way or waiting. */
  get size(): number {
    return this.#runningCount + this.#queue.length;
  }

  /**
   * Waits for a connection, at most `PASS_WAIT_MS`. Rejects with `overload` after that time or when
   * the client, or all clients together, have the most requests allowed, and with `client-aborted`.
   */
  async take(client: string, { clock, signal }: PassWait): Promise<GivePlace> {
    if (this.size >= MAX_PASSING) throw tooMany('internal');
    if (countOf(this.#passing, client) >= MAX_PASSING_OF_CLIENT) throw tooMany('client');
    add(this.#passing, client, 1);
    try {
      if (this.#mayRun(client)) this.#run(client);
      else await this.#wait(client, { clock, signal });
    } catch (error) {
      add(this.#passing, client, -1);
      throw error;
    }
    let given = false;
    return () => {
      if (given) return;
      given = true;
      add(this.#passing, client, -1);
      this.#give(client);
    };
  }

  async #wait(client: string, { clock, signal }: PassWait): Promise<void> {
    const waiting: Waiting = { client, turn: deferred() };
    this.#queue.push(waiting);
    try {
      await within(waiting.turn.promise, {
        clock,
        ms: PASS_WAIT_MS,
        signal,
        timedOut: noneFree,
        aborted: gone,
      });
    } catch (error) {
      const before = this.#queue.length;
      this.#queue = this.#queue.filter((other) => other !== waiting);
      // It got a connection in the same moment, which goes on to the next request.
      if (this.#queue.length === before) this.#give(client);
      throw error;
    }
  }

  #mayRun(client: string): boolean {
    return (
      this.#runningCount < this.#connections &&
      countOf(this.#running, client) < this.#connectionsOfClient
    );
  }

  #run(client: string): void {
    this.#runningCount += 1;
    add(this.#running, client, 1);
  }

  #give(client: string): void {
    this.#runningCount -= 1;
    add(this.#running, client, -1);
    const next = this.#queue.findIndex((waiting) => this.#mayRun(waiting.client));
    const [waiting] = next === -1 ? [] : this.#queue.splice(next, 1);
    if (waiting === undefined) return;
    this.#run(waiting.client);
    waiting.turn.resolve(undefined);
  }
}

function countOf(counts: ReadonlyMap<string, number>, client: string): number {
  return counts.get(client) ?? 0;
}

/** Changes a client's count. A count of 0 is deleted. */
function add(counts: Map<string, number>, client: string, change: 1 | -1): void {
  const count = countOf(counts, client) + change;
  if (count === 0) counts.delete(client);
  else counts.set(client, count);
}

function tooMany(source: 'internal' | 'client'): ForebayError {
  const whose = source === 'client' ? 'of this client' : 'to this origin';
  const message = `too many requests ${whose} are under way or waiting; retry later`;
  return new ForebayError('overload', message, { source, retryable: true });
}

function noneFree(): ForebayError {
  return new ForebayError('overload', 'no connection to the origin became free in time', {
    source: 'internal',
    retryable: true,
  });
}

function gone(): ForebayError {
  return new ForebayError('client-aborted', 'the client went away', {
    source: 'client',
    retryable: false,
  });
}
