import t from 'tap';
import { restartStream } from '#src/cache/fill/stream.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { readView, type Room, startRoom } from '../../fixtures/running-room.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { waitUntil } from '../../fixtures/wait-until.js';

function open(room: Room) {
  return room.open('/a', sizeOf(3));
}

t.test('restartStream fetches all chunks of the same representation', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3, { ranges: false }) } });
  const generation = await open(room);
  await restartStream(generation, room.fetchContext('/a'));
  t.ok(generation.isStreaming);
  const view = await generation.open(1, room.fetchContext('/a'));
  t.ok((await readView(view, C)).equals(bytesOf(1, 3).subarray(C, 2 * C)));
  await waitUntil('chunk 2 is held', () => generation.isHeld(2));
  generation.release();
});

t.test('restartStream follows redirects, and gives up on a loop', async (t) => {
  const room = await startRoom(t, { objects: { '/b': fresh(1, 3) } });
  const stop = room.origin.script({ path: '/a', actions: [{ kind: 'redirect', to: '/b' }] });
  const generation = await open(room);
  await restartStream(generation, room.fetchContext('/a'));
  generation.release();
  stop();
  room.origin.script({ path: '/c', actions: [{ kind: 'redirect', to: '/c' }] });
  const circling = await room.open('/c', sizeOf(3));
  await t.rejects(restartStream(circling, room.fetchContext('/c')), { code: 'origin-loop' });
  circling.release();
});

t.test('restartStream ends the generation when the representation changed', async (t) => {
  for (const spec of [fresh(1, 3, { etag: '"other"' }), fresh(1, 4)]) {
    const directory = t.testdir();
    const room = await startRoom(t, { objects: { '/a': spec }, directory });
    const generation = await open(room);
    await t.rejects(restartStream(generation, room.fetchContext('/a')), { code: 'origin-changed' });
    t.equal(generation.endReason, 'replaced');
    generation.release();
    await room.close();
  }
});

t.test('restartStream: a refusal does not end the generation', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await open(room);
  for (const [status, code] of [
    [401, 'origin-denied'],
    [403, 'origin-denied'],
    [418, 'origin-status'],
  ] as const) {
    room.origin.next({ kind: 'status', status });
    const error = { code, originStatus: status };
    await t.rejects(restartStream(generation, room.fetchContext('/a')), error);
    t.equal(generation.endReason, undefined);
  }
  room.origin.next({ kind: 'status', status: 404 });
  await t.rejects(restartStream(generation, room.fetchContext('/a')), { code: 'origin-changed' });
  t.equal(generation.endReason, 'replaced', 'the URL has nothing any more');
  generation.release();
});

t.test('restartStream resolves an expired location again and remembers a refusal', async (t) => {
  const room = await startRoom(t, { objects: { '/b': fresh(1, 3) } });
  room.origin.script({ path: '/a', actions: [{ kind: 'redirect', to: '/b' }] });
  room.origin.script({ path: '/b', times: 1, actions: [{ kind: 'status', status: 403 }] });
  const generation = await open(room);
  await restartStream(generation, room.fetchContext('/a'));
  t.same(
    room.origin.requests.map(({ path }) => path),
    ['/a', '/b', '/a', '/b'],
  );
  const refused = room.fetchContext('/c');
  room.origin.script({ path: '/c', actions: [{ kind: 'status', status: 401 }] });
  await t.rejects(restartStream(generation, refused), { code: 'origin-denied' });
  t.ok(refused.source.isRefused);
  generation.release();
});

t.test('restartStream continues nothing without a strong validator', async (t) => {
  const weak = { etag: 'W/"x"', lastModified: null };
  const none = { etag: null, lastModified: null };
  const cases = [
    [weak, { kind: 'etag', strong: false, value: '"x"' }],
    [none, { kind: 'none' }],
  ] as const;
  for (const [index, [fields, validator]] of cases.entries()) {
    const room = await startRoom(t, {
      // The same length and the same fields, and other bytes.
      objects: { '/a': fresh(2, 3, { ...fields, ranges: false }) },
      directory: t.testdir({ [String(index)]: {} }),
    });
    const generation = await room.open('/a', sizeOf(3), { validator, uniqueToken: 'token' });
    await t.rejects(restartStream(generation, room.fetchContext('/a')), { code: 'origin-changed' });
    t.equal(generation.endReason, 'replaced');
    t.equal(generation.flight(0), undefined, 'no byte of it is taken');
    generation.release();
    await room.close();
  }
});
