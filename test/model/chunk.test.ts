import fc from 'fast-check';
import t from 'tap';
import {
  chunkCount,
  chunkIndexAt,
  chunkRange,
  GROUP_SIZE_BYTES,
  groupCount,
  isChunkSize,
  offsetInChunk,
} from '#src/model/chunk.js';

const MEBIBYTE = 1024 * 1024;

t.test('chunk sizes are powers of two from 1 to 64 MiB', async (t) => {
  const sizes = [1, 2, 4, 8, 16, 32, 64].map((count) => count * MEBIBYTE);
  for (const size of sizes) t.ok(isChunkSize(size), String(size));
  for (const size of [0, 1, -MEBIBYTE, 3 * MEBIBYTE, 128 * MEBIBYTE, MEBIBYTE + 1, NaN, Infinity]) {
    t.notOk(isChunkSize(size), String(size));
  }
});

t.test('chunks cover an object once, without gaps, and each offset lies in its own', async () => {
  const size = fc.constantFrom(1, 2, 4, 8, 64).map((count) => count * MEBIBYTE);
  fc.assert(
    fc.property(
      fc.nat(300 * MEBIBYTE),
      size,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (length, size, part) => {
        const count = chunkCount(length, size);
        let at = 0;
        for (let index = 0; index < count; index += 1) {
          const { start, end } = chunkRange(index, length, size);
          if (start !== at || end <= start || end - start > size) return false;
          at = end;
        }
        const offset = Math.floor(part * (length - 1));
        if (length === 0) return at === 0;
        const range = chunkRange(chunkIndexAt(offset, size), length, size);
        if (range.start + offsetInChunk(offset, size) !== offset) return false;
        return at === length && range.start <= offset && offset < range.end;
      },
    ),
  );
});

t.test('the number of groups includes a short last one', async (t) => {
  t.equal(groupCount(0), 0);
  t.equal(groupCount(1), 1);
  t.equal(groupCount(GROUP_SIZE_BYTES), 1);
  t.equal(groupCount(GROUP_SIZE_BYTES + 1), 2);
});

t.test('a chunk past the end of its object does not exist', async (t) => {
  t.throws(() => chunkRange(2, MEBIBYTE, MEBIBYTE), RangeError);
});
