import t from 'tap';
import type { CacheFacade } from '#src/cache/api/facade.js';
import { PullItem } from '#src/cache/operator/pull-item.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { type Room, startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { eventually } from '../../fixtures/store-eventually.js';

const NEVER = new AbortController().signal;

function itemOf(room: Room, path: string): PullItem {
  return new PullItem({ url: path, origin: 'origin', target: path }, room.services, room.cache);
}

t.test('PullItem: fetches an object; a second pull costs no bytes', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 5) } });
  const item = itemOf(room, '/a');
  t.match(item.snapshot(), { state: { kind: 'queued' }, lengthBytes: null, startedAtMs: null });
  await item.run(NEVER);
  const length = sizeOf(5);
  t.match(item.snapshot(), {
    state: { kind: 'done' },
    lengthBytes: length,
    heldBytes: 0,
    receivedBytes: length,
    committedBytes: length,
    error: null,
  });
  t.equal(room.origin.bodyBytes, length);
  const again = itemOf(room, '/a');
  await again.run(NEVER);
  t.match(again.snapshot(), { state: { kind: 'done' }, heldBytes: length, receivedBytes: 0 });
  t.equal(room.origin.bodyBytes, length);
});

t.test('PullItem: bytes that its own contact fetched do not count as held before', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const late: CacheFacade = {
    lookup: async (request) => {
      const answer = await room.cache.lookup(request);
      t.ok(await eventually(() => answer.body.heldBytes?.() === sizeOf(1)));
      return answer;
    },
    invalidate: () => Promise.resolve(),
  };
  const item = new PullItem({ url: '/a', origin: 'origin', target: '/a' }, room.services, late);
  await item.run(NEVER);
  t.match(item.snapshot(), {
    state: { kind: 'done' },
    heldBytes: 0,
    receivedBytes: sizeOf(1),
    committedBytes: sizeOf(1),
  });
});

t.test('PullItem: a second pull continues a broken one', async (t) => {
  const room = await startRoom(t, {
    objects: { '/a': fresh(1, 6) },
    limits: { readAheadChunks: 0 },
  });
  const gate = createGate();
  room.origin.script({ skip: 2, times: 1, actions: [{ kind: 'gate', at: 10, gate }] });
  const stop = new AbortController();
  const item = itemOf(room, '/a');
  const run = item.run(stop.signal);
  await gate.reached;
  t.ok(await eventually(() => item.snapshot().receivedBytes === 2 * C + 10));
  t.ok(await eventually(() => item.snapshot().committedBytes === 2 * C), 'two are stored');
  t.match(item.snapshot(), { heldBytes: 0, lengthBytes: sizeOf(6) });
  stop.abort();
  await run;
  t.match(item.snapshot(), { state: { kind: 'failed', cause: 'cancelled' }, error: {} });
  gate.open();
  const rest = itemOf(room, '/a');
  await rest.run(NEVER);
  const { heldBytes, receivedBytes, state } = rest.snapshot();
  t.equal(state.kind, 'done');
  t.ok(heldBytes >= C, 'what was brought is not fetched again');
  t.equal(heldBytes + receivedBytes, sizeOf(6));
});

t.test('PullItem: fails for a missing or uncacheable object', async (t) => {
  const room = await startRoom(t, {
    objects: { '/private': fresh(1, 1, { cacheControl: 'no-store' }) },
  });
  const missing = itemOf(room, '/missing');
  await missing.run(NEVER);
  t.match(missing.snapshot(), { state: { kind: 'failed', cause: 'origin-status' } });
  const kept = itemOf(room, '/private');
  await kept.run(NEVER);
  t.match(kept.snapshot(), { state: { kind: 'failed', cause: 'no-space' }, committedBytes: 0 });
});

t.test('PullItem: fails for an object larger than the cache', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 20) }, capacityBytes: 12 * C });
  const item = itemOf(room, '/a');
  await item.run(NEVER);
  t.match(item.snapshot(), {
    state: { kind: 'failed', cause: 'no-space' },
    receivedBytes: sizeOf(20),
    error: { message: /of 19935289 bytes are held/ },
  });
});

t.test('PullItem: a waiting item can be cancelled', async (t) => {
  const room = await startRoom(t);
  const item = itemOf(room, '/a');
  item.cancel();
  t.match(item.snapshot(), { state: { kind: 'failed', cause: 'cancelled' }, startedAtMs: null });
});
