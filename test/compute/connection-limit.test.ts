/** The number of connections of one origin, by windows of what was seen. */
import fc from 'fast-check';
import t from 'tap';
import {
  ConnectionLimit,
  FIRST_WAIT_MS,
  MAX_WAIT_MS,
  type Window,
} from '#src/compute/connection-limit.js';
import { FIRST_CONNECTIONS } from '#src/config/lanes.js';

const WINDOW = 500;
const MOST = 32;
const MB = 1e6;

/** An origin as a controller sees it: what it gives to so many connections. */
class Origin {
  readonly limit = new ConnectionLimit();
  readonly #give: (connections: number) => number;
  nowMs = 0;

  constructor(give: (connections: number) => number) {
    this.#give = give;
  }

  get allowed(): number {
    return this.limit.allowed(MOST);
  }

  /** The numbers after each of so many windows. */
  windows(count: number, seen: Partial<Window> = {}): readonly number[] {
    return Array.from({ length: count }, () => {
      this.nowMs += WINDOW;
      this.limit.observe({
        nowMs: this.nowMs,
        bytesPerSecond: this.#give(this.allowed),
        allBusy: true,
        troubled: false,
        most: MOST,
        ...seen,
      });
      return this.allowed;
    });
  }

  /** Windows until the number is another one. */
  untilChanged(): number {
    const before = this.allowed;
    for (let count = 1; count < 10_000; count += 1) {
      if (this.windows(1)[0] !== before) return count;
    }
    return Infinity;
  }
}

const perConnection = (connections: number): number => connections * 20 * MB;
const inAll = (): number => 100 * MB;

t.test('an origin with a limit per connection gets up to its maximum of connections', async (t) => {
  const origin = new Origin(perConnection);
  t.equal(origin.allowed, FIRST_CONNECTIONS);
  // Four windows to know the rate, one to get up to speed, two to compare, and the next step at
  // once.
  t.same(origin.windows(9), [8, 8, 8, 16, 16, 16, 32, 32, 32]);
  t.same(new Set(origin.windows(1000)), new Set([MOST]), 'and keeps them');
});

t.test('an origin with a limit in all returns to fewer, and is probed less often', async (t) => {
  const origin = new Origin(inAll);
  t.same(
    origin.windows(7),
    [8, 8, 8, 16, 16, 8, 8],
    'a step, and back when the first window shows it',
  );
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    waits.push(origin.untilChanged() * WINDOW);
    t.equal(origin.allowed, 16, 'never beyond a step');
    origin.untilChanged();
    t.equal(origin.allowed, FIRST_CONNECTIONS);
  }
  const doubling = [1, 2, 4, 8, 16].map((factor) => factor * FIRST_WAIT_MS);
  t.same(waits.slice(1, 5), doubling.slice(1));
  t.same(waits.slice(5), [MAX_WAIT_MS, MAX_WAIT_MS, MAX_WAIT_MS]);
});

t.test('a step that raised the throughput is kept when the next one does not', async (t) => {
  const origin = new Origin((connections) => Math.min(16, connections) * 20 * MB);
  t.same(origin.windows(9), [8, 8, 8, 16, 16, 16, 32, 32, 16]);
});

t.test('noise does not count: each window of a step must beat every earlier one', async (t) => {
  // One lucky window does not make it, be it the first or the second.
  for (const lucky of [5, 6]) {
    let window = 0;
    const origin = new Origin(() => (window++ === lucky ? 200 : 100) * MB);
    origin.windows(9);
    t.equal(origin.allowed, FIRST_CONNECTIONS);
  }
  let window = 0;
  const rates = [100, 100, 119, 100, 0, 130, 130];
  const origin = new Origin(() => (rates[window++] ?? 0) * MB);
  t.same(origin.windows(7), [8, 8, 8, 16, 16, 8, 8], 'the best window before counts');
});

t.test('connections that are not all busy are not increased', async (t) => {
  const origin = new Origin(perConnection);
  t.same(new Set(origin.windows(50, { allBusy: false })), new Set([FIRST_CONNECTIONS]));
  origin.windows(3);
  origin.windows(1, { allBusy: false });
  t.equal(origin.windows(3).at(-1), FIRST_CONNECTIONS, 'four windows in a row');
  t.equal(origin.windows(1)[0], 16);
});

t.test('an origin that sends nothing gets no more connections', async (t) => {
  const origin = new Origin(() => 0);
  t.same(new Set(origin.windows(50)), new Set([FIRST_CONNECTIONS]));
});

t.test('a step is judged by the bytes that came, not by busy connections', async (t) => {
  const origin = new Origin(perConnection);
  origin.windows(4);
  t.same(origin.windows(3, { allBusy: false }), [16, 16, 16], 'more came: kept');
  const left = new Origin(perConnection);
  left.windows(5);
  t.equal(left.windows(1, { bytesPerSecond: 0, allBusy: false })[0], 8, 'readers left: given back');
});

t.test('trouble halves the connections, or ends the step, and delays the next step', async (t) => {
  const origin = new Origin(perConnection);
  origin.windows(9);
  t.equal(origin.allowed, MOST);
  t.same(origin.windows(1, { troubled: true }), [16]);
  t.same(origin.windows(1, { troubled: true }), [8]);
  t.same(origin.windows(1, { troubled: true }), [8], 'not below what it begins with');
  t.ok(origin.untilChanged() * WINDOW >= FIRST_WAIT_MS);
  t.equal(origin.allowed, 16);
  t.same(origin.windows(1, { troubled: true }), [8]);
});

t.test('a lower maximum applies at once; one of 8 or less is a fixed number', async (t) => {
  const origin = new Origin(perConnection);
  origin.windows(9);
  t.equal(origin.limit.allowed(12), 12);
  t.equal(origin.limit.allowed(3), 3);
  const fixed = new Origin(perConnection);
  fixed.windows(100, { most: 3 });
  t.equal(fixed.limit.allowed(3), 3);
  fixed.windows(100, { most: 8 });
  t.equal(fixed.limit.allowed(8), 8);
  const odd = new Origin(perConnection);
  odd.windows(100, { most: 11 });
  t.equal(odd.limit.allowed(11), 11);
  t.equal(odd.limit.allowed(MOST), 11, 'a maximum that is raised gives nothing that was not tried');
});

t.test('property: the limit stays within its bounds', async () => {
  const windows = fc.array(
    fc.record({
      elapsedMs: fc.nat({ max: 100_000 }),
      bytesPerSecond: fc.double({ min: 0, max: 1e12, noNaN: true }),
      allBusy: fc.boolean(),
      troubled: fc.boolean(),
      most: fc.integer({ min: 1, max: 1024 }),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(windows, (seen) => {
      const limit = new ConnectionLimit();
      let nowMs = 0;
      for (const { elapsedMs, ...window } of seen) {
        nowMs += elapsedMs;
        const before = limit.allowed(window.most);
        limit.observe({ nowMs, ...window });
        const after = limit.allowed(window.most);
        const least = Math.min(FIRST_CONNECTIONS, window.most);
        if (after < least || after > window.most || after > 2 * before) return false;
        if (window.troubled && after > before) return false;
      }
      return true;
    }),
  );
});
