import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Pin } from '#src/model/store.js';
import { MAX_PINS, readPins } from '#src/store/operations/pins.js';
import {
  chunkOf,
  identityOf,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { openTestStore } from '../../fixtures/store-opening.js';

const PIN: Pin = { origin: 'hub', pathPrefix: '/kept' };

const pinned = ({ uri }: { uri: string }, pins: readonly Pin[]): boolean =>
  pins.some(({ pathPrefix }) => new URL(uri).pathname.startsWith(pathPrefix));

t.test('pins survive a restart, damaged ones are ignored', async (t) => {
  const directory = t.testdir();
  const first = await openTestStore(t, { directory, pinned });
  t.equal(await first.pins.add(PIN), 'kept');
  t.equal(await first.pins.add(PIN), 'kept');
  t.equal(await first.pins.remove({ ...PIN, origin: 'other' }), 'unknown');
  t.equal(await first.pins.add({ origin: 'hub', pathPrefix: '/b' }), 'kept');
  t.equal(await first.pins.remove({ origin: 'hub', pathPrefix: '/b' }), 'kept');
  const used = first.chunks.usage().usedBytes;
  await first.close();
  const path = join(directory, 'pins', 'v1');
  t.match(readFileSync(path, 'utf8'), /^[0-9a-f]{16} \{"kind":"pins","pins":\[.*\]\}\n$/);
  const second = await openTestStore(t, { directory, pinned });
  t.same(second.pins.list(), [PIN]);
  t.equal(second.chunks.usage().usedBytes, used, 'the file is in the books');
  await second.close();
  writeFileSync(path, 'torn');
  t.same(readPins(path), { pins: [], sizeBytes: 4 });
  t.same(readPins(join(directory, 'nothing')), { pins: [], sizeBytes: 0 });
});

t.test('a new pin keeps the stored chunks; without it they are evicted', async (t) => {
  const capacityBytes = 7 * TEST_CHUNK_BYTES;
  const { chunks, pins } = await openTestStore(t, {
    directory: t.testdir(),
    capacityBytes,
    pinned,
  });
  const kept = await chunks.openObject(identityOf('kept', TEST_CHUNK_BYTES));
  await storeAndRelease(chunks, kept, chunkOf('kept', 0, TEST_CHUNK_BYTES));
  await pins.add(PIN);
  t.ok([...chunks.objects()].every((object) => object.pinned));
  const fill = async (seed: string): Promise<void> => {
    const other = await chunks.openObject(identityOf(seed, 10 * TEST_CHUNK_BYTES));
    for (let index = 0; index < 10; index += 1) {
      await storeAndRelease(chunks, other, chunkOf(seed, index, TEST_CHUNK_BYTES));
    }
    other.release();
  };
  await fill('one');
  t.ok(chunks.isHeld(kept, 0));
  await pins.remove(PIN);
  await fill('two');
  t.notOk(chunks.isHeld(kept, 0));
});

t.test('the number of pins is bounded', async (t) => {
  const { pins } = await openTestStore(t, { directory: t.testdir() });
  for (let count = 0; count < MAX_PINS; count += 1) {
    await pins.add({ origin: 'hub', pathPrefix: `/${String(count)}` });
  }
  t.equal(await pins.add(PIN), 'too-many');
  t.equal(pins.list().length, MAX_PINS);
});
