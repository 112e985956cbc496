import { fstatSync, openSync } from 'node:fs';
import t, { type Test } from 'tap';
import { CountedFile, OpenFiles } from '#src/store/chunks/open-files.js';

function opened(t: Test, files: OpenFiles): CountedFile {
  return new CountedFile(openSync(t.testdirName, 'r'), files);
}

function isOpen(file: CountedFile): boolean {
  try {
    fstatSync(file.fd);
    return true;
  } catch {
    return false;
  }
}

t.beforeEach((t) => {
  t.testdir({});
});

t.test('a file is closed when its last user releases it', async (t) => {
  const file = opened(t, new OpenFiles());
  file.retain();
  file.release();
  t.ok(isOpen(file) && file.inUse);
  file.release();
  t.notOk(file.inUse || file.isOpen);
  await file.whenClosed;
  t.notOk(isOpen(file));
  t.throws(() => {
    file.release();
  }, /nobody uses/);
  t.throws(() => {
    file.retain();
  }, /closed file/);
});

t.test('an idle file is kept, used again, and closed when it is retired', async (t) => {
  const files = new OpenFiles();
  const file = opened(t, files);
  file.whenUnused = 'keep';
  file.release();
  t.equal(files.idle, 1);
  t.ok(file.isOpen);
  file.retain();
  t.equal(files.idle, 0);
  file.retire();
  t.ok(isOpen(file), 'still in use');
  file.release();
  await file.whenClosed;
  t.equal(files.idle, 0);
});

t.test('the longest idle file is closed beyond the bound', async (t) => {
  const files = new OpenFiles(2);
  const all = [opened(t, files), opened(t, files), opened(t, files)];
  for (const file of all) file.whenUnused = 'keep';
  for (const file of all) file.release();
  t.equal(files.idle, 2);
  await all[0]?.whenClosed;
  t.strictSame(
    all.map((file) => file.isOpen),
    [false, true, true],
  );
  const late = opened(t, files);
  late.whenUnused = 'keep';
  await files.close();
  t.notOk(all.some((file) => file.isOpen));
  t.ok(isOpen(late), 'a reader has it');
  late.release();
  await late.whenClosed;
  t.equal(files.idle, 0);
});
