import t from 'tap';
import { restartStream } from '#src/cache/stream.js';
import { bytesOf, fresh, sizeOf } from '../fixtures/running-origin.js';
import { readView, type Room, startRoom } from '../fixtures/running-room.js';
import { RUNNING_CHUNK_BYTES as C } from '../fixtures/running.js';

function open(room: Room) {
  return room.open('/a', sizeOf(3));
}

t.test('it brings all chunks of the same representation', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3, { ranges: false }) } });
  const generation = await open(room);
  await restartStream(generation, room.want('/a'));
  t.ok(generation.streams);
  const view = await generation.open(1, room.want('/a'));
  t.ok((await readView(view, C)).equals(bytesOf(1, 3).subarray(C, 2 * C)));
  while (!generation.isHeld(2)) await new Promise(setImmediate);
  generation.release();
});

t.test('redirects are followed, in circles not for ever', async (t) => {
  const room = await startRoom(t, { objects: { '/b': fresh(1, 3) } });
  const stop = room.origin.script({ path: '/a', actions: [{ kind: 'redirect', to: '/b' }] });
  const generation = await open(room);
  await restartStream(generation, room.want('/a'));
  generation.release();
  stop();
  room.origin.script({ path: '/c', actions: [{ kind: 'redirect', to: '/c' }] });
  const circling = await room.open('/c', sizeOf(3));
  await t.rejects(restartStream(circling, room.want('/c')), { code: 'origin-loop' });
  circling.release();
});

t.test('another representation ends the generation', async (t) => {
  for (const spec of [fresh(1, 3, { etag: '"other"' }), fresh(1, 4)]) {
    const directory = t.testdir();
    const room = await startRoom(t, { objects: { '/a': spec }, directory });
    const generation = await open(room);
    await t.rejects(restartStream(generation, room.want('/a')), { code: 'origin-changed' });
    t.equal(generation.ended, 'changed');
    generation.release();
    await room.close();
  }
});

t.test('a refusal says nothing of the representation', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await open(room);
  for (const [status, code] of [
    [401, 'origin-denied'],
    [403, 'origin-denied'],
    [418, 'origin-status'],
  ] as const) {
    room.origin.next({ kind: 'status', status });
    const error = { code, originStatus: status };
    await t.rejects(restartStream(generation, room.want('/a')), error);
    t.equal(generation.ended, undefined);
  }
  room.origin.next({ kind: 'status', status: 404 });
  await t.rejects(restartStream(generation, room.want('/a')), { code: 'origin-changed' });
  t.equal(generation.ended, 'changed', 'the URL has nothing any more');
  generation.release();
});
