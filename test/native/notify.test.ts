/** Messages to a service manager through the addon, received by another program. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { native } from '#src/compute/native.js';
import { startReceiver } from '../fixtures/notify-receiver.js';

/** Not in the test's folder: the name of a socket has room for 107 bytes. */
const SOCKET = join(tmpdir(), `forebay-notify-${String(process.pid)}`);

const onLinux = process.platform === 'linux' ? {} : { skip: 'abstract sockets are Linux only' };

t.test('notifySystemd: a file socket gets each message whole', async (t) => {
  t.teardown(() => {
    rmSync(SOCKET, { force: true });
  });
  const receiver = await startReceiver(t, SOCKET);
  native.notifySystemd(receiver.socket, 'READY=1\nSTATUS=Sérving\n');
  t.equal(await receiver.next(), 'READY=1\nSTATUS=Sérving\n');
  native.notifySystemd(receiver.socket, 'STOPPING=1\n');
  t.equal(await receiver.next(), 'STOPPING=1\n');
});

t.test('notifySystemd: an abstract socket gets the message', onLinux, async (t) => {
  const receiver = await startReceiver(t, `@forebay-test-${String(process.pid)}`);
  native.notifySystemd(receiver.socket, 'READY=1\n');
  t.equal(await receiver.next(), 'READY=1\n');
});

t.test('notifySystemd: a failed send throws a system error', async (t) => {
  t.throws(
    () => {
      native.notifySystemd(`${SOCKET}-missing`, 'x');
    },
    { code: 'ENOENT', syscall: 'sendto' },
  );
  for (const [path, code] of [
    ['relative', 'EAFNOSUPPORT'],
    ['', 'EAFNOSUPPORT'],
    [`/${'x'.repeat(107)}`, 'ENAMETOOLONG'],
  ] as const) {
    t.throws(
      () => {
        native.notifySystemd(path, 'x');
      },
      { code },
    );
  }
  t.throws(() => {
    native.notifySystemd('/a\0b', 'x');
  }, RangeError);
  t.throws(() => {
    native.notifySystemd(1 as unknown as string, 'x');
  }, TypeError);
});
