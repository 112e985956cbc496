import t from 'tap';
import { HeldReads } from '#src/cache/object/held-reads.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { readView, startRoom } from '../../fixtures/running-room.js';
import { waitUntil } from '../../fixtures/wait-until.js';

t.test('concurrent readers share one verification, later ones read the file', async (t) => {
  const directory = t.testdir();
  const objects = { '/a': fresh(1, 1) };
  const before = await startRoom(t, { objects, directory });
  const generation = await before.open('/a', sizeOf(1));
  await readView(await generation.open(0, before.fetchContext('/a')), sizeOf(1));
  await waitUntil('chunk 0 is held', () => generation.isHeld(0));
  generation.release();
  await before.close();

  const room = await startRoom(t, { objects, directory });
  const identity = before.identity('/a', sizeOf(1));
  const object = await room.chunks.openObject(identity);
  let idle = 0;
  const reads = new HeldReads(room.services, () => (idle += 1));
  t.equal(await reads.open(object, 1), undefined, 'not held');
  const views = await Promise.all([1, 2, 3].map(() => reads.open(object, 0)));
  t.equal(reads.size, 1);
  for (const view of views) {
    t.ok(view?.watermark, 'it grows as it is verified');
    t.ok((await readView(view, sizeOf(1))).equals(bytesOf(1, 1)));
  }
  await waitUntil('no verification runs', () => reads.size === 0);
  t.equal(idle, 1);
  t.same(room.events, ['chunk verified']);
  const plain = await reads.open(object, 0);
  t.equal(plain?.watermark, null);
  t.ok((await readView(plain, sizeOf(1))).equals(bytesOf(1, 1)));
  object.release();
});
