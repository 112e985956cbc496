/** The hash thread with its real worker: streams side by side, and lost state. */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import { HashPool, streamHashOf } from '#src/compute/hash-pool.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { patternBytes } from '../fixtures/scripted-origin.js';
import { WorkerHarness } from '../fixtures/worker-harness.js';

function fixture(test: Test): { pool: HashPool; fileOf: (bytes: Buffer) => number } {
  const harness = new WorkerHarness(test.testdir({}));
  const pool = new HashPool({
    wakeFds: [],
    memoryBudget: harness.memory.shared,
    memoryLimitBytes: 0,
  });
  test.teardown(async () => {
    await pool.close();
    await harness.close();
  });
  return {
    pool,
    fileOf: (bytes) => {
      const { fd } = harness.slot(bytes.length).slot;
      writeSync(fd, bytes);
      return fd;
    },
  };
}

const SHA256 = { algorithm: 'sha256' } as const;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

void t.test('streams that take turns do not disturb each other', async (t) => {
  const { pool, fileOf } = fixture(t);
  const chunk = GROUP_SIZE_BYTES + 100;
  const objects = [patternBytes(1, 0, 2 * chunk), patternBytes(2, 0, 2 * chunk)];
  const streams = objects.map(() => pool.open(SHA256));
  for (const at of [0, chunk]) {
    for (const [index, stream] of streams.entries()) {
      const piece = objects[index]?.subarray(at, at + chunk) ?? Buffer.alloc(0);
      t.same(await stream.update(fileOf(piece), chunk), { kind: 'updated' });
    }
  }
  t.same(
    await Promise.all(streams.map((stream) => stream.finish())),
    objects.map((object) => sha256(object)),
  );
});

void t.test('steps run in the order they are called', async (t) => {
  const { pool, fileOf } = fixture(t);
  const pieces = [3, 4, 5].map((seed) => patternBytes(seed, 0, 1000));
  const stream = pool.open(SHA256);
  const steps = pieces.map((piece) => stream.update(fileOf(piece), piece.length));
  const digest = stream.finish();
  await Promise.all(steps);
  t.equal(await digest, sha256(Buffer.concat(pieces)));
});

void t.test('a file that cannot be read ends its stream', async (t) => {
  const { pool, fileOf } = fixture(t);
  const stream = pool.open(SHA256);
  t.match(await stream.update(fileOf(Buffer.alloc(10)), 20), { kind: 'unreadable' });
  await t.rejects(stream.finish(), { code: 'internal' });
  await stream.forget();
});

void t.test('an empty stream has the digest of no bytes', async (t) => {
  const { pool } = fixture(t);
  t.equal(await pool.open(SHA256).finish(), sha256(Buffer.alloc(0)));
});

void t.test('streamHashOf selects the hash of the claimed digest', (t) => {
  const hex = 'ab'.repeat(32);
  t.same(streamHashOf({ algorithm: 'sha256', hex }, null), SHA256);
  const git = { algorithm: 'git-sha1', hex: 'ab'.repeat(20) } as const;
  t.same(streamHashOf(git, 7), { algorithm: 'git-sha1', objectLengthBytes: 7 });
  t.equal(streamHashOf(git, null), undefined, 'its length is hashed first');
  t.equal(streamHashOf({ algorithm: 'blake3', hex }, 7), undefined);
  t.equal(streamHashOf(null, 7), undefined);
  t.end();
});
