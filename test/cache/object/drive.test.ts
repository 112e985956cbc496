import t from 'tap';
import { holdsChunks } from '#src/cache/object/holds-chunks.js';
import { driveAll } from '#src/cache/object/drive.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';

t.test('driveAll fetches every missing chunk once', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 9) } });
  const generation = await room.open('/a', sizeOf(9));
  (await generation.open(4, room.fetchContext('/a')))?.release();
  await driveAll(generation, room.fetchContext('/a'));
  t.ok(holdsChunks(generation, 0, Infinity));
  t.equal(room.origin.bodyBytes, sizeOf(9));
  await driveAll(generation, room.fetchContext('/a'));
  t.equal(room.origin.bodyBytes, sizeOf(9), 'nothing was missing');
  generation.release();
});

t.test('driveAll goes on although the request that started it is aborted', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 5) } });
  const generation = await room.open('/a', sizeOf(5));
  const controller = new AbortController();
  const driving = driveAll(generation, room.fetchContext('/a', { signal: controller.signal }));
  controller.abort();
  await driving;
  t.ok(holdsChunks(generation, 0, Infinity));
  generation.release();
});

t.test('driveAll rejects with the error of the first chunk that fails', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 5) } });
  room.origin.script({
    when: ({ range }) => range?.startsWith(`bytes=${String(2 * C)}-`) === true,
    actions: [{ kind: 'status', status: 404 }],
  });
  const generation = await room.open('/a', sizeOf(5));
  await t.rejects(driveAll(generation, room.fetchContext('/a')), { code: 'origin-status' });
  generation.release();
});

t.test('driveAll fetches the rest with one stream from an origin without ranges', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 24, { ranges: false }) } });
  const generation = await room.open('/a', sizeOf(24));
  await driveAll(generation, room.fetchContext('/a'));
  t.ok(holdsChunks(generation, 0, Infinity));
  const streams = room.origin.requests.filter(({ range }) => range === undefined);
  t.equal(streams.length, 1);
  generation.release();
});
