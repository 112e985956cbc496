import t from 'tap';
import { ClientQuotas, type PermitSource, withPermit } from '#src/cache/flight/client-quota.js';
import { deferred } from '#src/model/deferred.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

function setUp(places: number) {
  const clock = new ManualClock();
  let full = 0;
  const quotas = new ClientQuotas(places, () => {
    full += 1;
  });
  const bound = {
    clock,
    ms: 1000,
    timedOut: () => new Error('late'),
    aborted: () => new Error('gone'),
  };
  return { clock, shares: quotas, bound, full: () => full };
}

/** A seat with a place that a fetch keeps until the returned function is called. */
function fetching(quota: PermitSource): () => void {
  const ended = deferred<undefined>();
  const permit = quota.permit();
  if (!permit.tryAcquire()) throw new Error('no place');
  permit.keepUntil(ended.promise);
  permit.leave();
  return () => {
    ended.resolve(undefined);
  };
}

t.test('a quota is taken by fetches, not by requests that wait for them', async (t) => {
  const { shares: quotas, bound, full } = setUp(2);
  const quota = quotas.of('a');
  const end = fetching(quota);
  fetching(quota);
  const permit = quota.permit();
  t.equal(permit.tryAcquire(), false);
  const waiting = permit.wait('demand', bound);
  t.equal(full(), 1);
  end();
  await waiting;
  t.equal(permit.tryAcquire(), true, 'the place is in hand');
  permit.leave();
  t.equal(quota.permit().tryAcquire(), true, 'and was given back unused');
});

t.test('permits are given in order of arrival; one that gives up is skipped', async (t) => {
  const { clock, shares: quotas, bound } = setUp(1);
  const quota = quotas.of('a');
  const end = fetching(quota);
  const order: string[] = [];
  const first = quota.permit().wait('demand', bound);
  clock.advance(500);
  const second = quota
    .permit()
    .wait('demand', bound)
    .then(() => order.push('second'));
  clock.advance(500);
  await t.rejects(first, { message: 'late' });
  end();
  await second;
  t.same(order, ['second']);
});

t.test('read-ahead does not wait for a permit', async (t) => {
  const { shares: quotas, bound, full } = setUp(1);
  const quota = quotas.of('a');
  fetching(quota);
  const permit = quota.permit();
  t.equal(permit.tryAcquire(), false);
  await t.rejects(permit.wait('read-ahead', bound), { code: 'overload' });
  t.equal(full(), 1);
});

t.test('clients have separate quotas, which are forgotten when unused', async (t) => {
  const { shares: quotas } = setUp(1);
  const end = fetching(quotas.of('a'));
  const same = quotas.of('a').permit();
  t.equal(same.tryAcquire(), false, 'the same share');
  same.leave();
  const free = await withPermit(quotas.of('b'), (permit) => Promise.resolve(permit?.tryAcquire()));
  t.equal(free, true);
  t.equal(quotas.size, 1, 'b has left');
  end();
  await new Promise(setImmediate);
  t.equal(quotas.size, 0);
});

t.test("a request that outlives its unused quota shares the client's new quota", async (t) => {
  const { shares: quotas } = setUp(1);
  const long = quotas.of('a');
  long.permit().leave();
  t.equal(quotas.size, 0, 'a quota without permits is dropped');
  fetching(quotas.of('a'));
  const permit = long.permit();
  t.equal(permit.tryAcquire(), false);
  permit.leave();
  t.equal(quotas.of('a').permit().tryAcquire(), false, 'the share is full as before');
});

t.test('a request without a client has no permit', async (t) => {
  t.equal(await withPermit(undefined, (permit) => Promise.resolve(permit)), undefined);
});

t.test('withPermit releases the permit when the work fails', async (t) => {
  const { shares: quotas } = setUp(1);
  const work = withPermit(quotas.of('a'), (permit) => {
    permit?.tryAcquire();
    return Promise.reject(new Error('x'));
  });
  await t.rejects(work, { message: 'x' });
  t.equal(quotas.size, 0);
});
