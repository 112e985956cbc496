/** flock, memory files and read-ahead through the addon, on real files and processes. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { native } from '#src/compute/native.js';

const onLinux = process.platform === 'linux' ? {} : { skip: 'memory files are Linux only' };
const read = promisify(fs.read);
const TRY_LOCK = fileURLToPath(new URL('fixtures/try-lock.js', import.meta.url));

/** A descriptor that is surely not open. */
const NOT_OPEN = 1_000_000;

async function lockInChild(path: string): Promise<{ child: ChildProcess; locked: boolean }> {
  const child = fork(TRY_LOCK, [path]);
  const [message] = (await once(child, 'message')) as [{ locked: boolean }];
  return { child, locked: message.locked };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.send('end');
  await exited;
}

void t.test('tryLock keeps a second process out until the first lets go', async (t) => {
  const path = `${t.testdir({ lock: '' })}/lock`;
  const fd = fs.openSync(path, 'r+');
  t.equal(native.tryLock(fd), true);
  t.equal(native.tryLock(fd), true, 'again by the same open file');

  const second = await lockInChild(path);
  t.equal(second.locked, false, 'another process');
  const otherFd = fs.openSync(path, 'r+');
  t.equal(native.tryLock(otherFd), false, 'another open file of this process');

  fs.closeSync(fd);
  const third = await lockInChild(path);
  t.equal(third.locked, true, 'free after close');
  t.equal(native.tryLock(otherFd), false, 'held by the child');
  await end(third.child);
  t.equal(native.tryLock(otherFd), true, 'free after the child ended');
  fs.closeSync(otherFd);
  await end(second.child);
});

void t.test('writeAll puts every byte at its position', (t) => {
  const path = `${t.testdir({ file: '' })}/file`;
  const fd = fs.openSync(path, 'r+');
  // Around the piece size of native/core/files.cc, and an offset that no page begins at.
  for (const length of [0, 1, 16_383, 16_384, 16_385, 1024 * 1024]) {
    const bytes = randomBytes(length);
    native.writeAll(fd, bytes, 4097);
    const found = Buffer.alloc(length);
    t.equal(fs.readSync(fd, found, 0, length, 4097), length);
    t.ok(found.equals(bytes), `${String(length)} bytes`);
  }
  const view = Buffer.from('abcdef').subarray(2, 4);
  native.writeAll(fd, view, 0);
  t.equal(fs.readFileSync(path).subarray(0, 2).toString(), 'cd', 'a view is its own bytes');
  fs.closeSync(fd);
  const readOnly = fs.openSync(path, 'r');
  const write =
    (fd: number, offset: number): (() => void) =>
    () => {
      native.writeAll(fd, Buffer.alloc(1), offset);
    };
  t.throws(write(readOnly, 0), { code: 'EBADF', syscall: 'pwrite' });
  t.throws(write(readOnly, -1), RangeError);
  t.throws(write(readOnly, 0.5), RangeError);
  t.throws(() => {
    native.writeAll(readOnly, 'text' as unknown as Uint8Array, 0);
  }, TypeError);
  fs.closeSync(readOnly);
  t.end();
});

void t.test('a failed call throws an error with code, errno and syscall', (t) => {
  t.throws(() => native.tryLock(NOT_OPEN), {
    code: 'EBADF',
    syscall: 'flock',
    message: 'EBADF: bad file descriptor, flock',
  });
  t.throws(
    () => {
      native.wake(NOT_OPEN);
    },
    { code: 'EBADF', syscall: 'write' },
  );
  t.throws(() => native.watchEventfd(NOT_OPEN, () => undefined), { code: 'EBADF' });
  try {
    native.tryLock(NOT_OPEN);
  } catch (error) {
    t.ok(error instanceof Error);
    t.ok(Number((error as NodeJS.ErrnoException).errno) < 0, 'negative, as in Node');
  }
  t.end();
});

void t.test('createMemfd opens a close-on-exec memory file', onLinux, (t) => {
  const fd = native.createMemfd('forebay-test');
  fs.writeSync(fd, 'abc', 0);
  t.equal(fs.fstatSync(fd).size, 3);
  t.match(fs.readlinkSync(`/proc/self/fd/${String(fd)}`), /forebay-test/);
  t.ok(isCloseOnExec(fd));
  fs.closeSync(fd);
  t.throws(() => native.createMemfd('x'.repeat(250)), { name: 'RangeError' });
  t.throws(() => native.createMemfd('a\0b'), { name: 'RangeError' });
  t.throws(() => native.createMemfd(3 as unknown as string), { name: 'TypeError' });
  t.end();
});

function isCloseOnExec(fd: number): boolean {
  const info = fs.readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8');
  const flags = Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '', 8);
  return (flags & 0o2000000) !== 0;
}

void t.test('moveToMemfd keeps number and bytes, and leaves the disk file alone', onLinux, (t) => {
  const path = `${t.testdir()}/draft`;
  const content = randomBytes(3 * 1024 * 1024 + 5);
  const kept = content.length - 1000;
  fs.writeFileSync(path, content);
  const fd = fs.openSync(path, 'r+');
  native.moveToMemfd(fd, kept);

  t.match(fs.readlinkSync(`/proc/self/fd/${String(fd)}`), /memfd/);
  t.equal(fs.fstatSync(fd).size, kept);
  const copy = Buffer.alloc(kept);
  t.equal(fs.readSync(fd, copy, 0, kept, 0), kept);
  t.ok(copy.equals(content.subarray(0, kept)), 'the same bytes');
  t.ok(isCloseOnExec(fd));

  fs.writeSync(fd, Buffer.from('on'), 0, 2, kept);
  t.equal(fs.fstatSync(fd).size, kept + 2, 'writing goes on in memory');
  t.ok(fs.readFileSync(path).equals(content), 'and no more on disk');
  fs.closeSync(fd);
  t.end();
});

void t.test('moveToMemfd empties the file behind duplicates when requested', onLinux, (t) => {
  const path = `${t.testdir()}/draft`;
  const fd = fs.openSync(path, 'w+');
  fs.writeSync(fd, Buffer.from('late'), 0, 4, 1000);
  const duplicate = fs.openSync(path, 'r');
  native.moveToMemfd(fd, 1004, true);
  t.equal(fs.fstatSync(duplicate).size, 0, 'its end, and no hole of zeros');
  const copy = Buffer.alloc(4);
  fs.readSync(fd, copy, 0, 4, 1000);
  t.equal(copy.toString(), 'late');
  fs.closeSync(fd);
  fs.closeSync(duplicate);
  t.end();
});

void t.test(
  'readers of a descriptor see the same bytes while its file moves',
  onLinux,
  async (t) => {
    const path = `${t.testdir()}/draft`;
    const content = randomBytes(512 * 1024);
    fs.writeFileSync(path, content);
    const fd = fs.openSync(path, 'r+');
    const reads = Array.from({ length: 64 }, async (_, index) => {
      const offset = index * 8192;
      const { buffer } = await read(fd, Buffer.alloc(8192), 0, 8192, offset);
      return buffer.equals(content.subarray(offset, offset + 8192));
    });
    // The pool's threads are reading by now; each move is another file under the number.
    for (let move = 0; move < 8; move += 1) native.moveToMemfd(fd, content.length);
    t.ok((await Promise.all(reads)).every(Boolean));
    fs.closeSync(fd);
  },
);

void t.test('a failed move leaves the descriptor as it was', onLinux, (t) => {
  const path = `${t.testdir({ draft: 'short' })}/draft`;
  const fd = fs.openSync(path, 'r+');
  const before = fs.fstatSync(fd).ino;
  t.throws(
    () => {
      native.moveToMemfd(fd, 6);
    },
    { code: 'EIO', syscall: 'pread' },
  );
  t.equal(fs.fstatSync(fd).ino, before);
  fs.closeSync(fd);

  const writeOnly = fs.openSync(path, 'a');
  t.throws(
    () => {
      native.moveToMemfd(writeOnly, 1);
    },
    { code: 'EBADF', syscall: 'pread' },
  );
  fs.closeSync(writeOnly);
  t.throws(
    () => {
      native.moveToMemfd(NOT_OPEN, 0);
    },
    { code: 'EBADF', syscall: 'fcntl' },
  );
  t.throws(
    () => {
      native.moveToMemfd(-1, 0);
    },
    { name: 'RangeError' },
  );
  t.throws(
    () => {
      native.moveToMemfd(0, -1);
    },
    { name: 'RangeError' },
  );
  t.throws(
    () => {
      native.moveToMemfd(fd, 0);
    },
    { code: 'EBADF' },
    'a closed number is not opened',
  );
  t.equal(openMemfds(), 0, 'no memory file is left open');
  t.end();
});

function openMemfds(): number {
  const names = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return names.filter((name) => name.includes('forebay-moved')).length;
}
