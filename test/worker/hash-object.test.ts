/** Sequential hashes: state is never used out of step. */
import { createHash } from 'node:crypto';
import { writeFileSync, openSync, closeSync } from 'node:fs';
import t, { type Test } from 'tap';
import { MAX_STREAMS, ObjectHasher } from '#src/worker/hash-object.js';
import { patternBytes } from '../fixtures/scripted-origin.js';

const LENGTH = 1_500_000;
const SHA256 = { algorithm: 'sha256' } as const;
const bytes = patternBytes(1, 0, LENGTH);

function chunkFile(test: Test): number {
  const directory = test.testdir({});
  writeFileSync(`${directory}/chunk`, bytes);
  const fd = openSync(`${directory}/chunk`, 'r');
  test.teardown(() => {
    closeSync(fd);
  });
  return fd;
}

void t.test('hashes chunk files one after the other', (t) => {
  const fd = chunkFile(t);
  const hasher = new ObjectHasher();
  const update = { kind: 'hash-update', hash: SHA256, stream: 1, fd, lengthBytes: LENGTH } as const;
  t.same(hasher.run({ ...update, offset: 0 }), { kind: 'updated' });
  t.same(hasher.run({ ...update, offset: LENGTH }), { kind: 'updated' });
  const hex = createHash('sha256').update(bytes).update(bytes).digest('hex');
  const finish = { kind: 'hash-finish', hash: SHA256, stream: 1, offset: 2 * LENGTH } as const;
  t.same(hasher.run(finish), { kind: 'digest', hex });
  t.throws(() => hasher.run(finish), { code: 'internal' }, 'a finished stream is gone');
  t.end();
});

void t.test("git's blob id: the object's length goes before its bytes", (t) => {
  const fd = chunkFile(t);
  const hash = { algorithm: 'git-sha1', objectLengthBytes: LENGTH } as const;
  const hasher = new ObjectHasher();
  hasher.run({ kind: 'hash-update', stream: 1, hash, offset: 0, fd, lengthBytes: LENGTH });
  const whole = createHash('sha1')
    .update(`blob ${String(LENGTH)}\0`)
    .update(bytes)
    .digest('hex');
  const finish = { kind: 'hash-finish', stream: 1, hash, offset: LENGTH } as const;
  t.same(hasher.run(finish), { kind: 'digest', hex: whole });
  // What `git hash-object` prints of an empty file.
  const empty = { algorithm: 'git-sha1', objectLengthBytes: 0 } as const;
  t.same(hasher.run({ kind: 'hash-finish', stream: 2, hash: empty, offset: 0 }), {
    kind: 'digest',
    hex: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
  });
  t.end();
});

void t.test('a step that does not follow the last one is refused', (t) => {
  const fd = chunkFile(t);
  const hasher = new ObjectHasher();
  const update = { kind: 'hash-update', hash: SHA256, stream: 1, fd, lengthBytes: 10 } as const;
  t.throws(() => hasher.run({ ...update, offset: 10 }), { code: 'internal' });
  hasher.run({ ...update, offset: 0 });
  t.throws(() => hasher.run({ ...update, offset: 0 }), { code: 'internal' });
  hasher.run({ kind: 'hash-forget', stream: 1 });
  t.same(hasher.run({ ...update, offset: 0 }), { kind: 'updated' });
  t.end();
});

void t.test('a short or unreadable file loses the stream', (t) => {
  const fd = chunkFile(t);
  const hasher = new ObjectHasher();
  const update = { kind: 'hash-update', hash: SHA256, stream: 1, offset: 0 } as const;
  const long = hasher.run({ ...update, fd, lengthBytes: LENGTH + 1 });
  t.same(long, { kind: 'unreadable', errno: 'EOF' });
  t.same(hasher.run({ ...update, fd, lengthBytes: 5 }), { kind: 'updated' }, 'from the beginning');
  hasher.run({ kind: 'hash-forget', stream: 1 });
  const closed = hasher.run({ ...update, fd: 1_000_000, lengthBytes: 5 });
  t.same(closed, { kind: 'unreadable', errno: 'EBADF' });
  t.end();
});

void t.test('the number of hash streams is bounded', (t) => {
  const fd = chunkFile(t);
  const hasher = new ObjectHasher();
  const update = { kind: 'hash-update', hash: SHA256, offset: 0, fd, lengthBytes: 1 } as const;
  for (let stream = 0; stream < MAX_STREAMS; stream++) hasher.run({ ...update, stream });
  t.throws(() => hasher.run({ ...update, stream: MAX_STREAMS }), { code: 'internal' });
  hasher.run({ kind: 'hash-forget', stream: 0 });
  t.same(hasher.run({ ...update, stream: MAX_STREAMS }), { kind: 'updated' });
  t.end();
});
