/** The verify threads with their real worker. */
import { writeSync } from 'node:fs';
import t from 'tap';
import { VerifyPool } from '#src/compute/verify-pool.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { patternBytes } from '../fixtures/scripted-origin.js';
import { groupIdsOf, WorkerHarness } from '../fixtures/worker-harness.js';

void t.test('a chunk is verified on a thread, and its readers follow each group', async (t) => {
  const harness = new WorkerHarness(t.testdir({}));
  const pool = new VerifyPool({
    threads: 1,
    setup: {
      wakeFds: [harness.hub.wakeFd],
      memoryBudget: harness.memory.shared,
      memoryLimitBytes: 0,
    },
  });
  t.teardown(async () => {
    await pool.close();
    await harness.close();
  });
  const bytes = patternBytes(1, 0, 2 * GROUP_SIZE_BYTES + 9);
  const made = harness.slot(bytes.length);
  writeSync(made.slot.fd, bytes);
  const task = {
    kind: 'verify',
    fd: made.slot.fd,
    start: 0,
    lengthBytes: bytes.length,
    groupIds: groupIdsOf(bytes, 0, true),
    wholeObject: true,
  } as const;
  const verifying = pool.verify({ ...task, watermark: made.watermark.shared });
  await made.watermark.wait(bytes.length - 1);
  t.equal(made.watermark.available, bytes.length);
  t.same(await verifying, { kind: 'verified' });

  writeSync(made.slot.fd, Buffer.from([(bytes[5] ?? 0) ^ 1]), 0, 1, 5);
  const second = harness.hub.create();
  const result = await pool.verify({ ...task, watermark: second.shared });
  t.same(result, { kind: 'mismatch', group: 0 });
  t.equal(second.state, 'failed');
});
