/** Reads at a position: all that was asked for, or all that there is. */
import fc from 'fast-check';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readFully } from '#src/worker/read-fully.js';
import { patternBytes } from '../fixtures/scripted-origin.js';

const LENGTH = 10_000;
const bytes = patternBytes(3, 0, LENGTH);

void t.test('readFully reads the bytes of the file and none beyond them', (t) => {
  const fd = openSync(join(t.testdir({}), 'file'), 'w+');
  t.teardown(() => {
    closeSync(fd);
  });
  writeSync(fd, bytes);
  const around = fc.nat({ max: LENGTH + 100 });
  fc.assert(
    fc.property(around, around, (length, position) => {
      const buffer = Buffer.alloc(LENGTH + 101);
      const expected = bytes.subarray(position, position + length);
      const count = readFully(fd, buffer, length, position);
      t.equal(count, expected.length);
      t.ok(buffer.subarray(0, count).equals(expected));
      t.ok(
        buffer.subarray(count).every((byte) => byte === 0),
        'the rest is untouched',
      );
    }),
    { numRuns: 50 },
  );
  t.end();
});

void t.test('errors of the system call are thrown', (t) => {
  const fd = openSync(t.testdir({}), 'r');
  t.teardown(() => {
    closeSync(fd);
  });
  t.throws(() => readFully(fd, new Uint8Array(1), 1, 0), { code: 'EISDIR' });
  t.end();
});
