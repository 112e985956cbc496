import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import { Pending } from '#src/store/space/pending.js';

t.test('Pending waits for running work, failed work included', async (t) => {
  const pending = new Pending();
  await pending.settled();
  const [good, bad, late] = [deferred<number>(), deferred<number>(), deferred<number>()];
  pending.track(good.promise);
  pending.track(bad.promise);
  const settled = pending.settled();
  pending.track(late.promise);
  good.resolve(1);
  bad.reject(new Error('failed'));
  await settled;
  t.equal(pending.size, 1, 'what came later is not waited for');
  late.resolve(1);
  await pending.settled();
  t.equal(pending.size, 0);
});
