import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkDiskSpeed } from '#src/cli/doctor/disk-speed.js';
import type { Clock } from '#src/model/time.js';

/** Every look at it takes this long: rates are then known beforehand. */
function ticking(msPerLook: number): Clock {
  let now = 0;
  return { now: () => 0, monotonic: () => (now += msPerLook), after: () => () => undefined };
}

t.test('the disk check measures reading and writing, and leaves no file', async (t) => {
  const directory = t.testdir();
  // A tenth of it is two pieces of 8 MiB.
  const findings = await checkDiskSpeed(directory, ticking(1), 160 * 2 ** 20);
  t.match(findings, [
    { check: 'write speed', found: /^\d+ MB\/s over 16 MiB/ },
    { check: 'read speed', found: /^\d+ MB\/s over 16 MiB/ },
  ]);
  t.same(readdirSync(directory), []);
});

t.test('the disk check reports a slow disk', async (t) => {
  const findings = await checkDiskSpeed(t.testdir(), ticking(1000), 160 * 2 ** 20);
  t.match(findings, [{ status: 'warn', advice: /faster disk/ }, { status: 'warn' }]);
});

t.test('the disk check ends at its time limit with the bytes written so far', async (t) => {
  const [write] = await checkDiskSpeed(t.testdir(), ticking(3000), 2 ** 40);
  t.match(write?.found, /over 8 MiB/);
});

t.test('the disk check does not fill a disk that is nearly full', async (t) => {
  const directory = t.testdir();
  t.match(await checkDiskSpeed(directory, ticking(1), 79 * 2 ** 20), [
    { status: 'warn', found: /not measured/ },
  ]);
});

t.test('the disk check reports a directory that it cannot write', async (t) => {
  const missing = join(t.testdir(), 'missing');
  t.match(await checkDiskSpeed(missing, ticking(1), 2 ** 30), [
    { status: 'fail', found: /ENOENT/ },
  ]);
  if (process.getuid?.() === 0) return;
  mkdirSync(missing);
  chmodSync(missing, 0o500);
  t.match(await checkDiskSpeed(missing, ticking(1), 2 ** 30), [
    { status: 'fail', found: /EACCES/ },
  ]);
});
