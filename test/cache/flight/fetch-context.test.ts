import t from 'tap';
import { boundOf } from '#src/cache/flight/fetch-context.js';
import { within } from '#src/model/deferred.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { startRoom } from '../../fixtures/running-room.js';

t.test('FetchContext: a wait ends with the request timeout or with the request', async (t) => {
  const clock = new ManualClock();
  const { services } = await startRoom(t, { clock, limits: { requestTimeoutMs: 1234 } });
  const never = new Promise(() => undefined);
  const controller = new AbortController();
  const late = within(never, boundOf(services, controller.signal));
  clock.advance(1233);
  t.ok(clock.pendingTimers > 0);
  clock.advance(1);
  await t.rejects(late, { code: 'origin-timeout', source: 'origin', retryable: false });
  const left = within(never, boundOf(services, controller.signal));
  controller.abort();
  await t.rejects(left, { code: 'client-aborted', source: 'client' });
});
