/** Ages when the machine's clock is put back (RFC 9111 section 4.2.3): nothing gets younger. */
import t from 'tap';
import { startForebay } from '../fixtures/running.js';
import { fresh, runOrigin } from '../fixtures/running-origin.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const YEAR_SECONDS = 365 * 86_400;
const OBJECTS = { '/a': fresh(1, 1, { cacheControl: 'max-age=100' }) };

t.test('a clock set back makes no stored response fresh, on either way of a hit', async (t) => {
  const clock = new ShiftedClock();
  const origin = await runOrigin(t, OBJECTS);
  const forebay = await startForebay(t, { origin, clock });
  const age = async () => Number((await forebay.get('/a')).headers.age ?? 0);
  await age();
  await forebay.holds(1);
  clock.passMeasured(40);
  t.ok((await age()) >= 40);
  clock.putBack(YEAR_SECONDS);
  t.ok((await age()) >= 40, 'it does not begin anew');
  clock.passMeasured(40);
  t.ok((await age()) >= 80, 'and goes on');
  t.ok((await age()) >= 80, 'also for a hit that stands');
  t.equal(origin.requests.length, 1);
  clock.passMeasured(40);
  await forebay.get('/a');
  t.equal(origin.requests.length, 2, 'until it is stale');
  clock.passMeasured(10);
  const later = await age();
  t.ok(later >= 10 && later < 60, `what came since is as young as it is: ${String(later)}`);
});

t.test('a response stored with a future time is validated', async (t) => {
  const clock = new ShiftedClock();
  const origin = await runOrigin(t, OBJECTS);
  const before = await startForebay(t, { origin, clock });
  await before.get('/a');
  await before.holds(1);
  await before.stop();
  clock.putBack(YEAR_SECONDS);
  const { directory } = before;
  const after = await startForebay(t, { origin, directory, clock: new BackClock(clock) });
  t.match((await after.get('/a')).headers['cache-status'], /fwd=stale/);
  t.equal(origin.requests.length, 2);
  t.match((await after.get('/a')).headers['cache-status'], /;hit/);
});

/** The same times as another process reads them. */
class BackClock extends ShiftedClock {
  constructor(before: ShiftedClock) {
    super();
    this.pass((before.now() - this.now()) / 1000);
  }
}
