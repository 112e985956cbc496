import t from 'tap';
import type { ExchangeEnd } from '#src/origin/exchange-end.js';
import { type LaneConnection, LaneConnections } from '#src/origin/lane-connections.js';
import { IDLE_CONNECTION_MS } from '#src/origin/options.js';
import { ForebayError } from '#src/model/errors.js';
import type { FetchOutcome } from '#src/model/fetch.js';
import { ManualClock } from '../fixtures/manual-clock.js';

class Connection implements LaneConnection {
  readonly key: string;
  usable = true;
  idles = 0;

  constructor(key: string) {
    this.key = key;
  }

  idle(): void {
    this.idles += 1;
  }

  destroy(): Promise<void> {
    this.usable = false;
    return Promise.resolve();
  }
}

const OUTCOME = { kind: 'complete' } as unknown as FetchOutcome;
const KEPT: ExchangeEnd = { kind: 'outcome', outcome: OUTCOME, keepConnection: true };
const STALE: ExchangeEnd = {
  kind: 'failed',
  error: new ForebayError('origin-reset', 'closed', { source: 'origin', retryable: true }),
  untouched: true,
};

function scene() {
  const clock = new ManualClock();
  const lanes = new LaneConnections<Connection>(clock);
  const used: Connection[] = [];
  const ends: ExchangeEnd[] = [];
  const request = { lane: 0, signal: new AbortController().signal };
  const run = (key: string, on = request) =>
    lanes.run(on, key, (kept) => {
      const connection = kept ?? new Connection(key);
      used.push(connection);
      return Promise.resolve({ end: ends.shift() ?? KEPT, connection });
    });
  return { clock, lanes, used, ends, request, run };
}

t.test('a lane keeps its connection for the next fetch with the same key', async (t) => {
  const { lanes, used, run } = scene();
  t.equal(await run('a'), OUTCOME);
  await run('a');
  t.equal(used[0], used[1]);
  await run('b');
  t.not(used[2], used[1], 'another key opens another connection');
  t.notOk(used[1]?.usable, 'and the first one is closed before');
  await lanes.close();
  t.notOk(used[2]?.usable);
});

t.test('an idle connection expires, and one that broke is not used again', async (t) => {
  const { clock, used, run } = scene();
  await run('a');
  clock.advance(IDLE_CONNECTION_MS);
  await run('a');
  t.not(used[1], used[0]);
  if (used[1] !== undefined) used[1].usable = false;
  await run('a');
  t.not(used[2], used[1]);
  t.same(
    used.map(({ idles }) => idles),
    [1, 1, 1],
  );
});

t.test('a kept connection that the origin closed is replaced once', async (t) => {
  const { used, ends, run } = scene();
  await run('a');
  ends.push(STALE);
  t.equal(await run('a'), OUTCOME);
  t.equal(used[1], used[0], 'the kept one first');
  t.not(used[2], used[1]);
  ends.push(STALE, STALE);
  await t.rejects(run('a'), { code: 'origin-reset' }, 'a new one is not replaced');
  t.equal(used.length, 5);
  ends.push(STALE);
  await t.rejects(run('a'), { code: 'origin-reset' }, 'nor is the first of a lane');
  t.equal(used.length, 6);
});

t.test('a lane has one fetch at a time, and an aborted one makes no request', async (t) => {
  const { lanes, used, run } = scene();
  const running = lanes.run({ lane: 0, signal: new AbortController().signal }, 'a', async () => {
    await t.rejects(run('a'), { code: 'internal' });
    return { end: KEPT, connection: new Connection('a') };
  });
  t.equal(await running, OUTCOME);
  await t.rejects(run('a', { lane: 1, signal: AbortSignal.abort() }), { code: 'cancelled' });
  t.equal(used.length, 0);
});
