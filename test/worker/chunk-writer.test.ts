/** The writer of one chunk: ids whatever the pieces, gating, and a disk that is really full. */
import fc from 'fast-check';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ChunkSlot } from '#src/compute/protocol.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { FILL_START_BYTES, orderFrom } from '#src/model/write-order.js';
import { ChunkWriter } from '#src/worker/chunk-writer.js';
import { patternBytes } from '../fixtures/scripted-origin.js';
import { mountSmallDisk } from '../fixtures/store-mounts.js';
import {
  contentOf,
  groupIdsOf,
  type HarnessOptions,
  oracleRoot,
  rootOf,
  WorkerHarness,
} from '../fixtures/worker-harness.js';

function makeHarness(test: Test, options: HarnessOptions = {}): WorkerHarness {
  const harness = new WorkerHarness(test.testdir({}), options);
  test.teardown(() => harness.close());
  return harness;
}

function writerOf(harness: WorkerHarness, slot: ChunkSlot, wholeObject = false): ChunkWriter {
  return new ChunkWriter(slot, { wholeObject }, new Uint8Array(GROUP_SIZE_BYTES), harness.context);
}

/**
 * Feeds `bytes` in pieces of at most `pieceBytes`, as a socket would: what `space` has room for.
 */
function feed(writer: ChunkWriter, bytes: Buffer, pieceBytes = GROUP_SIZE_BYTES): void {
  for (let at = 0; at < bytes.length;) {
    const space = writer.space();
    const piece = bytes.subarray(at, at + Math.min(pieceBytes, space.length));
    space.set(piece);
    writer.filled(piece.length);
    at += piece.length;
  }
}

void t.test('property: ids and bytes do not depend on how the bytes arrive', (t) => {
  const harness = makeHarness(t);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 * GROUP_SIZE_BYTES + 200_000 }),
      fc.integer({ min: 50_000, max: 2 * GROUP_SIZE_BYTES }),
      fc.boolean(),
      (length, pieceBytes, lengthKnown) => {
        const bytes = patternBytes(1, 0, length);
        // A stream of unknown length has room for a whole chunk and ends somewhere in it.
        const made = harness.slot(lengthKnown ? length : 4 * GROUP_SIZE_BYTES);
        const writer = writerOf(harness, made.slot, lengthKnown);
        feed(writer, bytes, pieceBytes);
        const chunk = writer.finish(true);
        t.equal(chunk.chunkId, oracleRoot(bytes));
        t.equal(chunk.lengthBytes, length);
        t.same(Buffer.from(chunk.groupIds), Buffer.from(groupIdsOf(bytes, 0, true)));
        t.equal(chunk.groupIds.buffer.byteLength, chunk.groupIds.length, 'nothing else is cloned');
        t.ok(made.content().equals(bytes));
        t.equal(made.watermark.available, length);
        t.equal(made.watermark.state, 'complete');
      },
    ),
    { numRuns: 25 },
  );
  t.end();
});

void t.test('property: a chunk filled from any group on is right', (t) => {
  const harness = makeHarness(t);
  fc.assert(
    fc.property(
      fc.integer({ min: GROUP_SIZE_BYTES + 1, max: 4 * GROUP_SIZE_BYTES }),
      fc.nat(4 * GROUP_SIZE_BYTES),
      fc.integer({ min: 200_000, max: 2 * GROUP_SIZE_BYTES }),
      fc.boolean(),
      (length, wanted, pieceBytes, gated) => {
        const bytes = patternBytes(9, 0, length);
        const ids = groupIdsOf(bytes, 0, true);
        const made = harness.slot(length, {
          from: Math.min(wanted, length - 1),
          expectedGroupIds: gated ? ids : null,
        });
        const { start } = made.watermark.order;
        const writer = writerOf(harness, made.slot, true);
        t.equal(writer.offset, start);
        feed(writer, bytes.subarray(start), pieceBytes);
        const isSplit = start % GROUP_SIZE_BYTES > 0;
        const released = gated && isSplit ? 0 : length;
        t.equal(made.watermark.readableTo(start), released || start, 'the wanted part is there');
        t.equal(writer.space().length, 0, 'the end of the part bounds what is taken');
        if (start > 0) {
          t.equal(made.watermark.readableTo(0), 0, 'and nothing before it');
          writer.goRound();
          feed(writer, bytes.subarray(0, start), pieceBytes);
        }
        t.ok(writer.full);
        const chunk = writer.finish(true);
        t.equal(chunk.chunkId, oracleRoot(bytes));
        t.equal(chunk.lengthBytes, length);
        t.same(Buffer.from(chunk.groupIds), Buffer.from(ids));
        t.ok(made.content().equals(bytes));
        t.equal(made.watermark.available, length);
        t.equal(made.watermark.receivedBytes, length);
      },
    ),
    { numRuns: 25 },
  );
  t.end();
});

void t.test('goRound continues at the start of the chunk, once and at its end only', (t) => {
  const harness = makeHarness(t);
  const made = harness.slot(2 * GROUP_SIZE_BYTES, { from: GROUP_SIZE_BYTES });
  const writer = writerOf(harness, made.slot);
  const early = (): void => {
    writer.goRound();
  };
  t.throws(early, RangeError);
  feed(writer, patternBytes(1, 0, GROUP_SIZE_BYTES));
  writer.goRound();
  t.throws(early, RangeError);
  feed(writer, patternBytes(1, 0, GROUP_SIZE_BYTES));
  t.throws(early, RangeError);
  t.end();
});

void t.test('an object of exactly one group and unknown length is right', (t) => {
  const harness = makeHarness(t);
  const bytes = patternBytes(2, 0, GROUP_SIZE_BYTES);
  for (const room of [1, 2]) {
    const writer = writerOf(harness, harness.slot(room * GROUP_SIZE_BYTES).slot);
    feed(writer, bytes);
    t.equal(writer.finish(true).chunkId, oracleRoot(bytes));
  }
  t.end();
});

void t.test('chunks at their positions hash up to the root', (t) => {
  const harness = makeHarness(t);
  const chunkSize = 2 * GROUP_SIZE_BYTES;
  const bytes = patternBytes(3, 0, 2 * chunkSize + 777);
  const chunks = [0, 1, 2].map((index) => {
    const piece = bytes.subarray(index * chunkSize, (index + 1) * chunkSize);
    const made = harness.slot(piece.length, { index, start: index * chunkSize });
    const writer = writerOf(harness, made.slot);
    feed(writer, piece);
    return writer.finish(index === 2);
  });
  t.equal(rootOf(chunks), oracleRoot(bytes));
  t.same(
    chunks.map((chunk) => chunk.index),
    [0, 1, 2],
  );
  t.end();
});

void t.test('the given space is bounded by the group and the slot', (t) => {
  const harness = makeHarness(t);
  const writer = writerOf(harness, harness.slot(GROUP_SIZE_BYTES + 10).slot);
  t.equal(writer.space().length, GROUP_SIZE_BYTES);
  writer.filled(GROUP_SIZE_BYTES - 1);
  t.equal(writer.space().length, 1);
  t.throws(() => {
    writer.filled(2);
  }, RangeError);
  writer.filled(1);
  t.equal(writer.space().length, 10);
  writer.filled(10);
  t.ok(writer.full);
  t.equal(writer.space().length, 0);
  t.end();
});

void t.test('an attested list that is too short ends as corrupt', (t) => {
  const harness = makeHarness(t);
  const bytes = patternBytes(4, 0, GROUP_SIZE_BYTES + 5);
  const ids = groupIdsOf(bytes, 0, true);
  const made = harness.slot(bytes.length, { expectedGroupIds: ids.slice(0, 32) });
  const writer = writerOf(harness, made.slot, true);
  t.throws(
    () => {
      feed(writer, bytes);
    },
    { code: 'origin-corrupt' },
  );
  t.equal(made.watermark.available, GROUP_SIZE_BYTES);
  t.end();
});

void t.test('on a full disk:', (t) => {
  const disk = mountSmallDisk(t, GROUP_SIZE_BYTES + 64 * 1024);
  if (disk === undefined) return;
  const bytes = patternBytes(5, 0, 3 * GROUP_SIZE_BYTES + 99);
  const write = (test: Test, memoryLimitBytes: number, from = 0) => {
    const harness = makeHarness(test, { memoryLimitBytes });
    const fd = openSync(join(disk, 'chunk'), 'w+');
    test.teardown(() => {
      closeSync(fd);
    });
    const watermark = harness.hub.create(orderFrom(from, bytes.length, FILL_START_BYTES));
    const slot = { ...harness.slot(bytes.length).slot, fd, watermark: watermark.shared };
    return { harness, fd, watermark, writer: writerOf(harness, slot, true) };
  };
  t.test('the chunk continues in memory under the same descriptor', (t) => {
    const { harness, fd, watermark, writer } = write(t, bytes.length);
    feed(writer, bytes, 300_000);
    const chunk = writer.finish(true);
    t.equal(chunk.diskFailure, 'ENOSPC');
    t.equal(chunk.chunkId, oracleRoot(bytes));
    t.ok(contentOf(fd).equals(bytes));
    t.equal(watermark.available, bytes.length);
    t.equal(harness.memory.usedBytes, bytes.length);
    t.end();
  });
  t.test('a chunk begun in its middle continues in memory, wherever the disk gets full', (t) => {
    for (const from of [1, 1.25, 2, 2.5, 3].map((groups) => groups * GROUP_SIZE_BYTES)) {
      const { fd, watermark, writer } = write(t, bytes.length, from);
      // As the pump has one.
      const duplicate = openSync(`/proc/self/fd/${String(fd)}`, 'r');
      feed(writer, bytes.subarray(from), 300_000);
      writer.goRound();
      feed(writer, bytes.subarray(0, from), 300_000);
      const chunk = writer.finish(true);
      t.equal(chunk.diskFailure, 'ENOSPC');
      t.equal(chunk.chunkId, oracleRoot(bytes));
      t.ok(contentOf(fd).equals(bytes));
      t.equal(fstatSync(duplicate).size, 0, 'no hole is read for bytes');
      closeSync(duplicate);
      t.equal(watermark.available, bytes.length);
    }
    t.end();
  });
  t.test('exhausted memory fails the fill', (t) => {
    const { harness, writer } = write(t, bytes.length - 1);
    t.throws(
      () => {
        feed(writer, bytes, 300_000);
      },
      { code: 'no-space' },
    );
    t.equal(writer.diskFailure, null);
    t.equal(harness.memory.usedBytes, 0);
    t.end();
  });
  t.end();
});

void t.test('an unwritable descriptor is a disk error, and nothing is charged', (t) => {
  const harness = makeHarness(t);
  const fd = openSync('/dev/null', 'r');
  t.teardown(() => {
    closeSync(fd);
  });
  const writer = writerOf(harness, { ...harness.slot(10).slot, fd });
  t.throws(
    () => {
      writer.filled(10);
    },
    { code: 'disk' },
  );
  t.equal(harness.memory.usedBytes, 0);
  t.end();
});
