import t from 'tap';
import {
  MAX_PASSING,
  MAX_PASSING_OF_CLIENT,
  PASS_WAIT_MS,
  PassPlaces,
} from '#src/cache/passthrough/pass-places.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

function setUp(connections: number) {
  const clock = new ManualClock();
  const places = new PassPlaces(connections);
  const order: string[] = [];
  const take = (client: string, signal = new AbortController().signal) =>
    places.take(client, { clock, signal }).then((give) => {
      order.push(client);
      return give;
    });
  return { clock, places, order, take };
}

t.test('PassPlaces: one client takes half of the places; others pass its queue', async (t) => {
  const { order, take } = setUp(4);
  const giveFirst = await take('a');
  await take('a');
  const third = take('a');
  const giveOther = await take('b');
  t.same(order, ['a', 'a', 'b'], 'the third waits although there is room');
  giveOther();
  giveFirst();
  giveFirst();
  await third;
  t.same(order, ['a', 'a', 'b', 'a']);
});

t.test('PassPlaces: the queue is served in order, also for clients that may pass', async (t) => {
  const { order, take } = setUp(1);
  const give = await take('a');
  const second = take('a');
  const third = take('b');
  give();
  (await second)();
  (await third)();
  t.same(order, ['a', 'a', 'b'], 'the only connection is anybody’s');
});

t.test('PassPlaces: a released place goes to the first that may have it', async (t) => {
  const { order, take } = setUp(2);
  await take('a');
  const giveOther = await take('b');
  void take('a');
  const next = take('c');
  giveOther();
  await next;
  t.same(order, ['a', 'b', 'c'], 'a has its part still');
});

t.test('PassPlaces: a wait ends at its bound and leaves nothing behind', async (t) => {
  const { clock, places, take } = setUp(1);
  const give = await take('a');
  const late = take('b');
  clock.advance(PASS_WAIT_MS - 1);
  t.equal(places.size, 2);
  clock.advance(1);
  await t.rejects(late, { code: 'overload', source: 'internal', retryable: true });
  t.equal(places.size, 1);
  const leaving = new AbortController();
  const left = take('b', leaving.signal);
  leaving.abort();
  await t.rejects(left, { code: 'client-aborted' });
  give();
  t.equal(places.size, 0);
  t.equal(clock.pendingTimers, 0);
  (await take('b'))();
});

t.test('PassPlaces: a connection granted to a client that has left goes to the next', async (t) => {
  const { places, take } = setUp(1);
  const give = await take('a');
  const leaving = new AbortController();
  const left = take('b', leaving.signal);
  const next = take('c');
  leaving.abort();
  give();
  await t.rejects(left, { code: 'client-aborted' });
  (await next)();
  t.equal(places.size, 0);
});

t.test('PassPlaces: the queue is bounded for one client and in all', async (t) => {
  const { places, take } = setUp(1);
  await take('a');
  for (let i = 1; i < MAX_PASSING_OF_CLIENT; i += 1) void take('a').catch(() => undefined);
  await t.rejects(take('a'), { code: 'overload', source: 'client', retryable: true });
  for (let i = MAX_PASSING_OF_CLIENT; i < MAX_PASSING; i += 1) {
    void take(`other ${String(i)}`).catch(() => undefined);
  }
  t.equal(places.size, MAX_PASSING);
  await t.rejects(take('one more'), { code: 'overload', source: 'internal' });
});
