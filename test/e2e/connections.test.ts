/** The connections that a running program opens at an origin, by a clock that a test moves. */
import t from 'tap';
import { WINDOW_MS } from '#src/compute/origin-connections.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { bytesOf, fresh } from '../fixtures/running-origin.js';
import { startForebay } from '../fixtures/running.js';
import { createGate, startOrigin } from '../fixtures/scripted-origin.js';

const CHUNKS = 90;
const MOST = 12;

t.test('one reader of an origin with a limit per connection gets more connections', async (t) => {
  const origin = await startOrigin({ objects: { '/model': fresh(1, CHUNKS) } });
  t.teardown(() => origin.close());
  const clock = new ManualClock();
  const forebay = await startForebay(t, {
    origin,
    originKeys: { maxConnections: MOST },
    fill: { threads: 2, connectionsPerThread: 16, readAheadChunks: 8 },
    clock,
  });
  let answered = 0;
  let gate = createGate();
  let unscript = origin.script({ actions: [{ kind: 'gate', at: 0, gate }] });
  /** Every connection brings one chunk; others are asked for then. */
  const answer = (): void => {
    const before = gate;
    unscript();
    gate = createGate();
    unscript = origin.script({ actions: [{ kind: 'gate', at: 0, gate }] });
    answered = origin.requests.length;
    before.open();
  };
  const asked = (count: number): Promise<void> =>
    origin.waitFor(({ requests }) => requests.length - answered >= count);
  const allowed = () => forebay.metric('forebay_origin_connections_allowed');

  t.equal(await allowed(), 8);
  const reading = forebay.get('/model');
  await asked(1);
  // The read-ahead window doubles with each chunk.
  answer();
  await asked(8);
  clock.advance(WINDOW_MS);
  t.equal(await allowed(), 8);
  const numbers: number[] = [];
  for (let connections = 8; numbers.length < 6; connections = numbers.at(-1) ?? 0) {
    answer();
    await asked(connections);
    clock.advance(WINDOW_MS);
    numbers.push(await allowed());
  }
  t.same(numbers, [8, 8, MOST, MOST, MOST, MOST]);
  t.equal(origin.maxOpenConnections, MOST);

  unscript();
  origin.next({ kind: 'status', status: 503 }, 1);
  gate.open();
  const got = await reading;
  t.ok(got.body.equals(bytesOf(1, CHUNKS)));
  clock.advance(WINDOW_MS);
  t.equal(await allowed(), 8, 'trouble took them back');
});
