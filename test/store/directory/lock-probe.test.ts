import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemCalls } from '#src/compute/native.js';
import { probeLock } from '#src/store/directory/lock-probe.js';

t.test('probeLock reports whether, and which, process uses a directory', async (t) => {
  const directory = t.testdir();
  const lock = join(directory, 'lock');
  t.same(probeLock(join(directory, 'missing'), systemCalls), { kind: 'free' });
  t.same(probeLock(directory, systemCalls), { kind: 'free' });
  t.notOk(existsSync(lock), 'looking makes nothing');
  writeFileSync(lock, '4711\n');
  t.same(probeLock(directory, systemCalls), { kind: 'free' }, 'its holder is gone');
  const fd = openSync(lock, 'r+');
  t.ok(systemCalls.tryLock(fd));
  t.same(probeLock(directory, systemCalls), { kind: 'held', pid: 4711 });
  writeFileSync(lock, '');
  t.same(probeLock(directory, systemCalls), { kind: 'held', pid: null });
  closeSync(fd);
  t.same(probeLock(directory, systemCalls), { kind: 'free' }, 'and looking held nothing');
  t.equal(readFileSync(lock, 'utf8'), '');
});

t.test('probeLock reports an unreadable directory', async (t) => {
  writeFileSync(join(t.testdir(), 'file'), '');
  t.match(probeLock(join(t.testdirName, 'file'), systemCalls), {
    kind: 'unreadable',
    errno: 'ENOTDIR',
  });
});
