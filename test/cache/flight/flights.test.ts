import t from 'tap';
import { Flights } from '#src/cache/flight/flights.js';
import { ForebayError } from '#src/model/errors.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { startRoom } from '../../fixtures/running-room.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';

const LOST = new ForebayError('cancelled', 'gone', { source: 'internal', retryable: true });
const BAD = new ForebayError('origin-reset', 'reset', { source: 'origin', retryable: true });

async function start(t: Parameters<typeof startRoom>[0]) {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock });
  const seen = { failed: [] as number[], idle: 0 };
  const flights = new Flights({
    services: room.services,
    onFailed: ({ index }) => seen.failed.push(index),
    onIdle: () => (seen.idle += 1),
  });
  const begin = async (index: number) => {
    const flight = flights.add(index);
    const draft = await room.chunks.draft(C);
    flight.begin(draft, room.services.watermarks.create());
    return flight;
  };
  return { clock, room, flights, seen, begin, want: room.fetchContext('/a') };
}

t.test('a follower waits for the start of the fill and gets a view', async (t) => {
  const { room, flights, seen, want: fetchContext } = await start(t);
  const flight = flights.add(0);
  const joining = flights.join(flight, fetchContext);
  const draft = await room.chunks.draft(C);
  flight.begin(draft, room.services.watermarks.create());
  const view = await joining;
  t.ok(view);
  t.equal(flights.get(0), flight);
  flight.filled(null);
  await flight.whenEnded;
  t.equal(flights.get(0), flight, 'uncached: found as long as it is read');
  view?.release();
  t.equal(flights.get(0), undefined);
  t.equal(seen.idle, 1);
  t.same(seen.failed, []);
});

t.test('a lost leader makes followers look again; a failed chunk is an error', async (t) => {
  const { flights, seen, want: fetchContext } = await start(t);
  const lost = flights.add(0);
  const joining = flights.join(lost, fetchContext);
  lost.fail({ kind: 'leader-failed', error: LOST });
  t.equal(await joining, undefined);
  t.equal(flights.get(0), undefined, 'its place is free for another leader');

  const bad = flights.add(1);
  const failing = flights.join(bad, fetchContext);
  bad.fail({ kind: 'failed', error: BAD });
  await t.rejects(failing, BAD);
  t.same(seen.failed, [0, 1]);
  t.equal(flights.size, 0);
});

t.test('a request that joins between a failure and its reason waits for the reason', async (t) => {
  const { flights, begin, want: fetchContext } = await start(t);
  const flight = await begin(0);
  if (flight.state.kind === 'receiving') flight.state.watermark.fail();
  t.ok(flight.isFailing);
  const joining = flights.join(flight, fetchContext);
  await new Promise(setImmediate);
  flight.fail({ kind: 'leader-failed', error: LOST });
  t.equal(await joining, undefined, 'to look again, not to read what has failed');
});

t.test('a follower that leaves or times out does not affect others', async (t) => {
  const { clock, flights, want: fetchContext } = await start(t);
  const flight = flights.add(0);
  const controller = new AbortController();
  const leaving = flights.join(flight, { ...fetchContext, signal: controller.signal });
  const staying = flights.join(flight, fetchContext);
  controller.abort();
  await t.rejects(leaving, { code: 'client-aborted' });
  t.ok(flight.isWanted);
  const late = t.rejects(staying, { code: 'origin-timeout' });
  clock.advance(20_000);
  await late;
  t.notOk(flight.isWanted);
});

t.test('queued read-ahead without readers is dropped, and demand promotes it', async (t) => {
  const { flights, want: fetchContext } = await start(t);
  const flight = flights.add(0);
  const calls: string[] = [];
  flight.queuedAs({
    promote: () => calls.push('promote'),
    dropIfQueued: () => calls.push('drop') > 0,
  });
  const controller = new AbortController();
  const ahead = flights.join(flight, {
    ...fetchContext,
    priority: 'read-ahead',
    signal: controller.signal,
  });
  t.same(calls, [], 'read-ahead has no hurry');
  const now = new AbortController();
  const wanted = flights.join(flight, { ...fetchContext, signal: now.signal });
  t.same(calls, ['promote']);
  controller.abort();
  await t.rejects(ahead);
  t.same(calls, ['promote'], 'still wanted');
  now.abort();
  await t.rejects(wanted);
  t.same(calls, ['promote', 'drop']);
});

t.test('a running fill without readers is not dropped', async (t) => {
  const { flights, begin, want: fetchContext } = await start(t);
  const flight = await begin(0);
  const view = await flights.join(flight, fetchContext);
  view?.release();
  t.equal(flights.get(0), flight);
  flight.filled(null);
});

t.test('failAll fails every reader and every waiting request', async (t) => {
  const { flights, begin, want: fetchContext, seen } = await start(t);
  const view = await flights.join(await begin(0), fetchContext);
  const waiting = flights.join(flights.add(1), fetchContext);
  flights.failAll(BAD);
  await t.rejects(waiting, BAD);
  t.equal(view?.failure(), BAD);
  view?.release();
  await new Promise(setImmediate);
  t.equal(flights.size, 0);
  t.ok(seen.idle >= 1);
});
