import t from 'tap';
import { ClientShares, type Seating, seated } from '#src/cache/flight/client-share.js';
import { deferred } from '#src/model/deferred.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

function setUp(places: number) {
  const clock = new ManualClock();
  let full = 0;
  const shares = new ClientShares(places, () => {
    full += 1;
  });
  const bound = {
    clock,
    ms: 1000,
    timedOut: () => new Error('late'),
    aborted: () => new Error('gone'),
  };
  return { clock, shares, bound, full: () => full };
}

/** A seat with a place that a fetch keeps until the returned function is called. */
function fetching(share: Seating): () => void {
  const ended = deferred<undefined>();
  const seat = share.seat();
  if (seat.mustWait()) throw new Error('no place');
  seat.keepUntil(ended.promise);
  seat.leave();
  return () => {
    ended.resolve(undefined);
  };
}

t.test('places are kept by fetches, not by who waits for them', async (t) => {
  const { shares, bound, full } = setUp(2);
  const share = shares.of('a');
  const end = fetching(share);
  fetching(share);
  const seat = share.seat();
  t.equal(seat.mustWait(), true);
  const waiting = seat.wait('demand', bound);
  t.equal(full(), 1);
  end();
  await waiting;
  t.equal(seat.mustWait(), false, 'the place is in hand');
  seat.leave();
  t.equal(share.seat().mustWait(), false, 'and was given back unused');
});

t.test('first come, first served; who gives up is passed over', async (t) => {
  const { clock, shares, bound } = setUp(1);
  const share = shares.of('a');
  const end = fetching(share);
  const order: string[] = [];
  const first = share.seat().wait('demand', bound);
  clock.advance(500);
  const second = share
    .seat()
    .wait('demand', bound)
    .then(() => order.push('second'));
  clock.advance(500);
  await t.rejects(first, { message: 'late' });
  end();
  await second;
  t.same(order, ['second']);
});

t.test('read-ahead does not wait', async (t) => {
  const { shares, bound, full } = setUp(1);
  const share = shares.of('a');
  fetching(share);
  const seat = share.seat();
  t.equal(seat.mustWait(), true);
  await t.rejects(seat.wait('read-ahead', bound), { code: 'overload' });
  t.equal(full(), 1);
});

t.test('clients have nothing to do with each other, and are forgotten', async (t) => {
  const { shares } = setUp(1);
  const end = fetching(shares.of('a'));
  const same = shares.of('a').seat();
  t.equal(same.mustWait(), true, 'the same share');
  same.leave();
  const free = await seated(shares.of('b'), (seat) => Promise.resolve(seat?.mustWait()));
  t.equal(free, false);
  t.equal(shares.size, 1, 'b has left');
  end();
  await new Promise(setImmediate);
  t.equal(shares.size, 0);
});

t.test('a request that outlives an unused share takes its seats where the others do', async (t) => {
  const { shares } = setUp(1);
  const long = shares.of('a');
  long.seat().leave();
  t.equal(shares.size, 0, 'nobody is kept who has no seat');
  fetching(shares.of('a'));
  const seat = long.seat();
  t.equal(seat.mustWait(), true);
  seat.leave();
  t.equal(shares.of('a').seat().mustWait(), true, 'the share is full as before');
});

t.test('without a client there is no seat', async (t) => {
  t.equal(await seated(undefined, (seat) => Promise.resolve(seat)), undefined);
});

t.test('a seat whose work fails gives its place back', async (t) => {
  const { shares } = setUp(1);
  const work = seated(shares.of('a'), (seat) => {
    seat?.mustWait();
    return Promise.reject(new Error('x'));
  });
  await t.rejects(work, { message: 'x' });
  t.equal(shares.size, 0);
});
