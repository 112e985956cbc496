/** The capacity is a hard limit: at every step, whatever is read. */
import fc from 'fast-check';
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { diskUsage } from '../fixtures/store-disk-usage.js';

const CHUNKS = 9;
const OBJECTS = 4;
const CAPACITY = 14 * C;

/** A walk takes a while: what is renamed or replaced meanwhile is seen twice. */
const SAMPLES = 4;

function leastOf(count: number, sample: () => number): number {
  return Math.min(...Array.from({ length: count }, sample));
}

t.test('random reads over several objects never exceed the capacity', async (t) => {
  const objects = Object.fromEntries(
    Array.from({ length: OBJECTS }, (_, index) => [
      `/${String(index)}`,
      fresh(index, CHUNKS, { ranges: index !== 3 }),
    ]),
  );
  const origin = await runOrigin(t, objects);
  const forebay = await startForebay(t, { origin, cache: { capacity: CAPACITY } });
  const read = fc.record({
    object: fc.nat(OBJECTS - 1),
    start: fc.nat(sizeOf(CHUNKS) - 1),
    length: fc.oneof(fc.nat(1000), fc.nat(sizeOf(CHUNKS))),
    leaves: fc.boolean(),
  });
  const check = async (): Promise<void> => {
    const used = (await forebay.metrics()).get('forebay_cache_size_bytes') ?? NaN;
    if (!(used <= CAPACITY)) throw new Error(`${String(used)} bytes are booked`);
    const seen = leastOf(SAMPLES, () => diskUsage(forebay.directory));
    if (seen > CAPACITY) throw new Error(`${String(seen)} bytes are on disk`);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(read, { minLength: 1, maxLength: 5 }), async (reads) => {
      const progress = { over: false };
      const all = Promise.all(
        reads.map(async ({ object, start, length, leaves }) => {
          const end = Math.min(start + length + 1, sizeOf(CHUNKS));
          const headers = { range: `bytes=${String(start)}-${String(end - 1)}` };
          const path = `/${String(object)}`;
          if (leaves) {
            (await forebay.open(path, { headers })).leave();
            return;
          }
          const got = await forebay.get(path, { headers });
          const right = bytesOf(object, CHUNKS).subarray(start, end);
          if (!got.body.equals(right)) throw new Error(describe(got));
        }),
      ).finally(() => {
        progress.over = true;
      });
      const watching = (async () => {
        while (!progress.over) await check();
      })();
      await Promise.all([all, watching]);
      await check();
    }),
    { numRuns: 25 },
  );
  t.ok((await forebay.metric('forebay_evicted_bytes_total')) > 0, 'there was something to evict');
  await forebay.stop();
  t.ok(diskUsage(forebay.directory) <= CAPACITY);
});
