import t from 'tap';
import { PROGRESS_SAMPLE_MS, ProgressWatch } from '#src/cache/api/progress.js';
import { STALLED_AFTER_MS } from '#src/model/transfer.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { readView, startRoom } from '../../fixtures/running-room.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { Gate } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

t.test('a fetch is stalled exactly while its byte count does not change', (t) => {
  const clock = new ManualClock();
  const watch = new ProgressWatch(clock);
  const fetch = { lacksBytes: true, receivedBytes: 0 };
  const untrack = watch.track(fetch);
  clock.advance(STALLED_AFTER_MS - 1);
  t.equal(watch.stalled, 0);
  clock.advance(1);
  t.equal(watch.stalled, 1);
  fetch.receivedBytes = 1;
  t.equal(watch.stalled, 0);
  clock.advance(STALLED_AFTER_MS);
  t.equal(watch.stalled, 1);
  fetch.lacksBytes = false;
  t.equal(watch.stalled, 0, 'it has all it is to receive');
  clock.advance(STALLED_AFTER_MS * 2);
  t.equal(watch.stalled, 0);
  untrack();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

t.test('progress between two samples of the metric ends a stall', (t) => {
  const clock = new ManualClock();
  const watch = new ProgressWatch(clock);
  const moving = { lacksBytes: true, receivedBytes: 0 };
  const still = { lacksBytes: true, receivedBytes: 0 };
  const untracks = [watch.track(moving), watch.track(still)];
  for (let ms = 0; ms < STALLED_AFTER_MS * 3; ms += PROGRESS_SAMPLE_MS) {
    moving.receivedBytes += 1;
    clock.advance(PROGRESS_SAMPLE_MS);
  }
  t.equal(watch.stalled, 1);
  for (const untrack of untracks) untrack();
  t.equal(watch.stalled, 0);
  t.equal(clock.pendingTimers, 0, 'nothing is looked at while nothing is fetched');
  t.end();
});

t.test('a hanging fill is reported as stalled until it goes on', async (t) => {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock, objects: { '/a': fresh(1, 2) } });
  const { progress } = room.services;
  const gate = new Gate();
  room.origin.script({ times: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const generation = await room.open('/a', sizeOf(2));
  t.teardown(() => {
    generation.release();
  });
  const view = await generation.open(0, room.fetchContext('/a'));
  await gate.reached;
  await waitUntil(
    'chunk 0 has received 1000 bytes',
    () => (generation.flight(0)?.receivedBytes ?? 0) >= 1000,
  );
  t.equal(progress.stalled, 0);
  clock.advance(STALLED_AFTER_MS);
  t.equal(progress.stalled, 1);
  gate.open();
  t.ok((await readView(view, C)).equals(bytesOf(1, 2).subarray(0, C)));
  await waitUntil('the fill of chunk 0 has ended', () => generation.flight(0) === undefined);
  clock.advance(STALLED_AFTER_MS);
  t.equal(progress.stalled, 0);
});

t.test('an origin that sends nothing is reported as stalled', async (t) => {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock, objects: { '/a': fresh(1, 1) } });
  const { progress } = room.services;
  const gate = new Gate();
  room.origin.script({ times: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const answering = room.cache.lookup(room.request('/a'));
  await gate.reached;
  clock.advance(STALLED_AFTER_MS);
  t.equal(progress.stalled, 1);
  gate.open();
  (await answering).body.close();
  t.equal(progress.stalled, 0);
});

t.test('one fetch counts as one stall, however many requests wait for it', async (t) => {
  for (const at of [-1, 1000]) {
    const clock = new ManualClock();
    const room = await startRoom(t, { clock, objects: { '/a': fresh(1, 1) } });
    const { progress } = room.services;
    const gate = new Gate();
    room.origin.script({ times: 1, actions: [{ kind: 'gate', at, gate }] });
    const answering = [1, 2, 3].map(() => room.cache.lookup(room.request('/a')));
    await gate.reached;
    const fills = () => room.services.fills.list(10);
    const received = Math.max(0, at);
    await waitUntil(`a fill has received ${String(received)} bytes`, () =>
      fills().some(({ receivedBytes }) => receivedBytes >= received),
    );
    t.equal(progress.stalled, 0);
    clock.advance(STALLED_AFTER_MS);
    t.equal(progress.stalled, 1, at < 0 ? 'a first contact' : 'the chunk that it brings');
    t.equal(fills().length, 1, 'as the table of fills has it');
    gate.open();
    for (const { body } of await Promise.all(answering)) body.close();
  }
});
