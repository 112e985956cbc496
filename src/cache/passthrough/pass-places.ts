/**
 * Decides which passed requests may have a connection to one origin now, and which wait. A slow
 * origin or a busy client holds up no other origin and no other client. cache/passthrough/pass has
 * one for each origin.
 */
import { type Deferred, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';

/**
 * Passed requests of one origin, under way or waiting. One that waits costs its client's connection
 * and little else, so a burst from one client waits rather than fails.
 */
export const MAX_PASSING = 256;

/** Of these, the part that one client may have: another always finds room. */
export const MAX_PASSING_OF_CLIENT = MAX_PASSING / 2;

/**
 * The longest wait for a connection to the origin. A client's content is not read meanwhile and has
 * to be there within `listen.requestTimeout` (30 s): waiting as long would cut the client off
 * unanswered.
 */
export const PASS_WAIT_MS = 10_000;

/** What ends a wait early. */
export interface PassWait {
  readonly clock: Clock;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** Ends a place. A second call does nothing. */
export type GivePlace = () => void;

interface Waiting {
  readonly client: string;
  readonly turn: Deferred<undefined>;
}

export class PassPlaces {
  readonly #connections: number;
  /** Connections that one client may have: half of them, or the only one. */
  readonly #connectionsOfClient: number;
  /** Requests of each client that is here, under way or waiting. */
  readonly #here = new Map<string, number>();
  /** Of them, those under way. */
  readonly #running = new Map<string, number>();
  /** First come first served, but for clients that have their part. */
  #line: Waiting[] = [];
  #runningCount = 0;

  /** `connections`: how many the origin takes at once. */
  constructor(connections: number) {
    this.#connections = connections;
    this.#connectionsOfClient = Math.ceil(connections / 2);
  }

  /** Requests under way or waiting. */
  get size(): number {
    return this.#runningCount + this.#line.length;
  }

  /**
   * Waits for a connection, `PASS_WAIT_MS` at most. Rejects with `overload` when time is up, or
   * where the client, or all of them, have as many requests here as may be, and with
   * `client-aborted`.
   */
  async take(client: string, { clock, signal }: PassWait): Promise<GivePlace> {
    if (this.size >= MAX_PASSING) throw tooMany('internal');
    if (of(this.#here, client) >= MAX_PASSING_OF_CLIENT) throw tooMany('client');
    add(this.#here, client, 1);
    try {
      if (this.#mayRun(client)) this.#run(client);
      else await this.#wait(client, { clock, signal });
    } catch (error) {
      add(this.#here, client, -1);
      throw error;
    }
    let given = false;
    return () => {
      if (given) return;
      given = true;
      add(this.#here, client, -1);
      this.#give(client);
    };
  }

  async #wait(client: string, { clock, signal }: PassWait): Promise<void> {
    const waiting: Waiting = { client, turn: deferred() };
    this.#line.push(waiting);
    try {
      await within(waiting.turn.promise, {
        clock,
        ms: PASS_WAIT_MS,
        signal,
        timedOut: noneFree,
        aborted: gone,
      });
    } catch (error) {
      const before = this.#line.length;
      this.#line = this.#line.filter((other) => other !== waiting);
      // Its turn had come in the same moment: the connection is the next one's.
      if (this.#line.length === before) this.#give(client);
      throw error;
    }
  }

  #mayRun(client: string): boolean {
    return (
      this.#runningCount < this.#connections &&
      of(this.#running, client) < this.#connectionsOfClient
    );
  }

  #run(client: string): void {
    this.#runningCount += 1;
    add(this.#running, client, 1);
  }

  #give(client: string): void {
    this.#runningCount -= 1;
    add(this.#running, client, -1);
    const next = this.#line.findIndex((waiting) => this.#mayRun(waiting.client));
    const [waiting] = next === -1 ? [] : this.#line.splice(next, 1);
    if (waiting === undefined) return;
    this.#run(waiting.client);
    waiting.turn.resolve(undefined);
  }
}

function of(counts: ReadonlyMap<string, number>, client: string): number {
  return counts.get(client) ?? 0;
}

/** Nothing is kept of a client that has none. */
function add(counts: Map<string, number>, client: string, change: 1 | -1): void {
  const count = of(counts, client) + change;
  if (count === 0) counts.delete(client);
  else counts.set(client, count);
}

function tooMany(source: 'internal' | 'client'): ForebayError {
  const whose = source === 'client' ? 'of its client' : 'to its origin';
  const message = `as many requests ${whose} are passed on as may be at once`;
  return new ForebayError('overload', message, { source, retryable: true });
}

function noneFree(): ForebayError {
  return new ForebayError('overload', 'no connection to the origin came free in time', {
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
