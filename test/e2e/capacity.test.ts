/**
 * The capacity is a hard limit, whatever is asked: an object four times as large, by two readers.
 */
import t from 'tap';
import { get } from '../fixtures/program-client.js';
import { watchDisk } from '../fixtures/program-disk.js';
import { startScene } from '../fixtures/program-scene.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 16;
const LENGTH = 128 * MEBIBYTE + 5;
const CAPACITY_BYTES = 32 * MEBIBYTE;

t.test('two clients read an object of four times the capacity twice', async (t) => {
  const { origin, program, url, isRight } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    capacity: '32MiB',
  });
  const disk = watchDisk(program.cacheDirectory, program.pid);
  const reader = async (): Promise<boolean[]> => {
    const first = isRight(await get(url));
    return [first, isRight(await get(url))];
  };
  const all = await Promise.all([reader(), reader()]);
  const { maxBytes, samples } = disk.stop();

  t.same(all, [
    [true, true],
    [true, true],
  ]);
  t.ok(
    maxBytes <= CAPACITY_BYTES,
    `${String(maxBytes)} of ${String(CAPACITY_BYTES)} bytes taken at most, ${String(samples)} samples`,
  );
  t.ok(maxBytes > CAPACITY_BYTES / 2, 'and the room is used');
  t.ok((await program.metric('forebay_evicted_bytes_total')) > 0);
  t.ok(origin.bodyBytes >= LENGTH);
  t.equal(await program.metric('forebay_cache_reserved_bytes'), 0, 'nothing stays reserved');
  t.equal(await program.metric('forebay_cache_memory_bytes'), 0, 'nor in memory');
});
