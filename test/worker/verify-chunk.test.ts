/** Re-hashing of held chunks: every kind of damage stops release before it. */
import fc from 'fast-check';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { VerifyTask } from '#src/compute/protocol.js';
import type { SharedWatermark } from '#src/compute/watermark.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { orderFrom } from '#src/model/write-order.js';
import { verifyChunk } from '#src/worker/verify-chunk.js';
import { patternBytes } from '../fixtures/scripted-origin.js';
import { groupIdsOf, WorkerHarness } from '../fixtures/worker-harness.js';

const LENGTH = 3 * GROUP_SIZE_BYTES + 77;
const START = 8 * GROUP_SIZE_BYTES;
const bytes = patternBytes(9, START, START + LENGTH);
const groupIds = groupIdsOf(bytes, START, false);
const buffer = new Uint8Array(GROUP_SIZE_BYTES);

interface Fixture {
  readonly fd: number;
  readonly task: (from?: number) => VerifyTask & { readonly mark: SharedWatermark };
}

function fixture(test: Test): Fixture {
  const harness = new WorkerHarness(test.testdir({}));
  test.teardown(() => harness.close());
  const { fd } = harness.slot(LENGTH).slot;
  writeSync(fd, bytes);
  return {
    fd,
    task: (from = 0) => {
      const mark = harness.hub.create(orderFrom(from, LENGTH));
      const watermark = mark.shared;
      const shape = { start: START, lengthBytes: LENGTH, groupIds, wholeObject: false };
      return { kind: 'verify', fd, ...shape, watermark, mark };
    },
  };
}

void t.test('a chunk with the right bytes is verified and complete', (t) => {
  const task = fixture(t).task();
  t.same(verifyChunk(task, buffer, []), { kind: 'verified' });
  t.equal(task.mark.available, LENGTH);
  t.equal(task.mark.state, 'complete');
  t.end();
});

void t.test('property: after one flipped bit nothing from its group on is released', (t) => {
  const { fd, task } = fixture(t);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LENGTH - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const right = bytes[at] ?? 0;
      writeSync(fd, Buffer.from([right ^ (1 << bit)]), 0, 1, at);
      const made = task();
      const group = Math.floor(at / GROUP_SIZE_BYTES);
      t.same(verifyChunk(made, buffer, []), { kind: 'mismatch', group });
      t.equal(made.mark.available, group * GROUP_SIZE_BYTES);
      t.equal(made.mark.state, 'failed');
      writeSync(fd, Buffer.from([right]), 0, 1, at);
    }),
    { numRuns: 12 },
  );
  t.end();
});

void t.test('verification starts at the requested group and goes round to it', (t) => {
  const { fd, task } = fixture(t);
  for (let from = 0; from < 4; from += 1) {
    const right = task(from * GROUP_SIZE_BYTES);
    t.same(verifyChunk(right, buffer, []), { kind: 'verified' });
    t.equal(right.mark.available, LENGTH);
  }
  writeSync(fd, Buffer.from([(bytes[0] ?? 0) ^ 1]), 0, 1, 0);
  const late = task(2 * GROUP_SIZE_BYTES);
  t.same(verifyChunk(late, buffer, []), { kind: 'mismatch', group: 0 });
  t.equal(late.mark.readableTo(2 * GROUP_SIZE_BYTES), LENGTH, 'what was wanted is right');
  t.equal(late.mark.readableTo(0), 0);
  writeSync(fd, Buffer.from([(bytes[LENGTH - 1] ?? 0) ^ 1]), 0, 1, LENGTH - 1);
  const wrong = task(3 * GROUP_SIZE_BYTES);
  t.same(verifyChunk(wrong, buffer, []), { kind: 'mismatch', group: 3 });
  t.equal(wrong.mark.available, 0);
  t.end();
});

void t.test('a truncated file mismatches from its short group on', (t) => {
  const { fd, task } = fixture(t);
  ftruncateSync(fd, LENGTH - 1);
  t.same(verifyChunk(task(), buffer, []), { kind: 'mismatch', group: 3 });
  ftruncateSync(fd, 0);
  t.same(verifyChunk(task(), buffer, []), { kind: 'mismatch', group: 0 });
  t.end();
});

void t.test('right bytes at another position, and too few ids, mismatch', (t) => {
  const { task } = fixture(t);
  const moved = { ...task(), start: 0 };
  t.same(verifyChunk(moved, buffer, []), { kind: 'mismatch', group: 0 });
  const few = { ...task(), groupIds: groupIds.slice(0, 64) };
  t.same(verifyChunk(few, buffer, []), { kind: 'mismatch', group: 2 });
  t.end();
});

void t.test('an unreadable file is reported with its errno', (t) => {
  const fd = openSync('/dev/null', 'w');
  const made = { ...fixture(t).task(), fd };
  t.same(verifyChunk(made, buffer, []), { kind: 'unreadable', errno: 'EBADF' });
  t.equal(made.mark.state, 'failed');
  closeSync(fd);
  t.end();
});
