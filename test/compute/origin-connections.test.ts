/** What is measured of running jobs, and what comes of it, by a clock that a test moves. */
import t from 'tap';
import {
  OriginConnections,
  FORGET_AFTER_MS,
  type Measured,
  WINDOW_MS,
} from '#src/compute/origin-connections.js';
import type { FillResult } from '#src/compute/protocol.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const MOST = 32;
const MB = 1e6;

/** Origins whose demand never ends: each connection that is allowed has a job. */
class Line {
  readonly clock = new ManualClock();
  readonly changes: string[] = [];
  readonly connections = new OriginConnections({
    clock: this.clock,
    onAllowed: (name, allowed, before) => {
      this.changes.push(`${name} ${String(before)} ${String(allowed)}`);
    },
  });
  readonly #jobs = new Map<string, { readonly job: Measured; bytes: number }[]>();

  allowed(name: string): number {
    return this.connections.allowed(name, MOST);
  }

  begin(name: string): void {
    const entry = { job: { originName: name, receivedBytes: () => entry.bytes }, bytes: 0 };
    this.#of(name).push(entry);
    this.connections.began(entry.job, MOST);
  }

  end(name: string, result: FillResult | undefined = filled()): void {
    const entry = this.#of(name).shift();
    if (entry !== undefined) this.connections.ended(entry.job, result);
  }

  endAll(name: string): void {
    while (this.#of(name).length > 0) this.end(name);
  }

  receive(name: string, bytesEach: number): void {
    for (const entry of this.#of(name)) entry.bytes += bytesEach;
  }

  /** So many windows in which each origin named gives its rate to all its connections together. */
  windows(count: number, rates: Readonly<Record<string, (connections: number) => number>>): void {
    for (let window = 0; window < count; window += 1) {
      for (const [name, rate] of Object.entries(rates)) {
        while (this.#of(name).length < this.allowed(name)) this.begin(name);
        const jobs = this.#of(name).length;
        this.receive(name, (rate(jobs) * WINDOW_MS) / 1000 / jobs);
      }
      this.clock.advance(WINDOW_MS);
    }
  }

  #of(name: string) {
    const known = this.#jobs.get(name) ?? [];
    this.#jobs.set(name, known);
    return known;
  }
}

const perConnection = (connections: number): number => connections * 20 * MB;
const inAll = (): number => 100 * MB;

function filled(statuses: readonly number[] = [206], retries: readonly string[] = []): FillResult {
  const stats = { originBytes: 0, statuses, retries, stalls: 0 };
  return { kind: 'failed', error: cancelled, stats, diskFailure: null };
}
const cancelled = {
  code: 'cancelled',
  message: '',
  source: 'internal',
  retryable: false,
} as const;

t.test('bytes of running and of ended jobs make the rate', async (t) => {
  const line = new Line();
  line.windows(4, { a: perConnection });
  t.equal(line.allowed('a'), 16);
  // Half of the jobs end in each window, others take their places: their bytes count as before.
  for (let window = 0; window < 3; window += 1) {
    line.windows(1, { a: perConnection });
    for (let job = 0; job < 8; job += 1) line.end('a');
  }
  t.equal(line.allowed('a'), MOST);
  t.same(line.changes, ['a 8 16', 'a 16 32']);
  t.equal(line.allowed('b'), 8, 'of others nothing is known');
});

t.test('origins do not disturb each other', async (t) => {
  const alone = new Line();
  alone.windows(40, { limited: inAll });
  const both = new Line();
  both.windows(40, { wide: perConnection, limited: inAll });
  t.equal(both.allowed('wide'), MOST);
  t.same(
    both.changes.filter((change) => change.startsWith('limited')),
    alone.changes,
  );
  for (let job = 0; job < 20; job += 1) both.end('limited', filled([503]));
  both.windows(1, { wide: perConnection });
  t.equal(both.allowed('wide'), MOST);
});

t.test('busy connections are averaged over the window', async (t) => {
  const line = new Line();
  for (let job = 0; job < 8; job += 1) line.begin('a');
  // Each window one connection has nothing to do for a tenth of it, then for all but a tenth.
  const idle = (ms: number): void => {
    line.end('a');
    line.receive('a', MB);
    line.clock.advance(ms);
    line.begin('a');
    line.clock.advance(WINDOW_MS - ms);
  };
  for (let window = 0; window < 4; window += 1) idle(WINDOW_MS * 0.9);
  t.equal(line.allowed('a'), 8);
  for (let window = 0; window < 4; window += 1) idle(WINDOW_MS * 0.1);
  t.equal(line.allowed('a'), 16);
  const seven = new Line();
  for (let job = 0; job < 7; job += 1) seven.begin('a');
  for (let window = 0; window < 9; window += 1) {
    seven.receive('a', MB);
    seven.clock.advance(WINDOW_MS);
  }
  t.equal(seven.allowed('a'), 8, 'seven of eight are not all');
});

for (const [what, result] of [
  ['429', filled([429, 206])],
  ['503', filled([503])],
  ['a connection that was refused', filled([206], ['origin-connect'])],
  ['one that broke', filled([206], ['origin-reset'])],
] as const) {
  t.test(`${what} lowers the connections, once a window`, async (t) => {
    const line = new Line();
    line.windows(12, { a: perConnection });
    t.equal(line.allowed('a'), MOST);
    for (let job = 0; job < 5; job += 1) line.end('a', result);
    line.windows(1, { a: perConnection });
    t.equal(line.allowed('a'), 16);
    line.windows(1, { a: perConnection });
    t.equal(line.allowed('a'), 16, 'what was counted is not counted again');
  });
}

t.test('404, a cancelled job or a dead worker are no trouble', async (t) => {
  const line = new Line();
  line.windows(12, { a: perConnection });
  line.end('a', filled([404]));
  line.end('a', filled([206], ['cancelled']));
  line.end('a', undefined);
  line.windows(1, { a: perConnection });
  t.equal(line.allowed('a'), MOST);
});

t.test("trouble of an origin's last job is remembered", async (t) => {
  const line = new Line();
  line.windows(12, { a: perConnection });
  line.endAll('a');
  line.begin('a');
  line.end('a', filled([503]));
  line.clock.advance(WINDOW_MS);
  t.equal(line.allowed('a'), 16);
});

t.test('an origin without fetches starts anew after a while', async (t) => {
  const line = new Line();
  line.windows(12, { a: perConnection });
  line.endAll('a');
  line.clock.advance(FORGET_AFTER_MS - 1);
  t.equal(line.allowed('a'), MOST);
  t.equal(line.clock.pendingTimers, 0, 'while nothing runs nothing is looked at');
  line.clock.advance(1);
  t.equal(line.allowed('a'), 8);
  line.begin('a');
  t.equal(line.allowed('a'), 8);
});

t.test('a shorter pause changes nothing, whoever else is busy', async (t) => {
  const line = new Line();
  line.windows(12, { a: perConnection, b: inAll });
  line.endAll('a');
  line.windows(20, { b: inAll });
  line.windows(5, { a: perConnection, b: inAll });
  t.equal(line.allowed('a'), MOST);
});

t.test('close stops the sampling', async (t) => {
  const line = new Line();
  line.begin('a');
  line.connections.close();
  t.equal(line.clock.pendingTimers, 0);
});
