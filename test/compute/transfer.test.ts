import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import { Transfer } from '#src/compute/transfer.js';
import type { NativePump } from '#src/compute/native-pump.js';
import { Owner, openLine, startPump } from '../fixtures/pumping.js';
import { recognisable, TestFile } from '../fixtures/sending.js';

const MEBIBYTE = 1024 * 1024;
const whole = { offset: 0, watermark: null };

t.test('bytes and parts of files arrive in order', async (t) => {
  const bytes = recognisable(3 * MEBIBYTE);
  const file = new TestFile(t, bytes);
  const line = await openLine(t);
  const transfer = startPump(t).begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addBytes(bytes.subarray(0, 10), owner);
  transfer.addFile({ fd: file.fd, offset: 10, length: MEBIBYTE, watermark: null }, owner);
  transfer.addBytes(new Uint8Array(0), owner);
  transfer.addFile(
    { fd: file.fd, offset: 10 + MEBIBYTE, length: 2 * MEBIBYTE - 10, watermark: null },
    owner,
  );
  transfer.finish();
  t.same(await transfer.ended(), { kind: 'complete' });
  t.equal(transfer.bytesSent, bytes.length);
  t.equal(owner.released, 4);
  t.equal(transfer.queued, 0);
  t.ok((await line.receives(bytes.length)).equals(bytes));
});

t.test('queue room is freed as pieces are sent', async (t) => {
  const file = new TestFile(t, recognisable(100));
  const line = await openLine(t);
  const transfer = startPump(t).begin<Owner>(line.fd);
  const owner = new Owner();
  await transfer.room(1);
  transfer.addFile({ fd: file.fd, length: 100, ...whole }, owner);
  t.equal(transfer.queued, 1);
  await transfer.room(1);
  t.equal(transfer.queued, 0);
  t.equal(owner.released, 1, 'let go of before the transfer ends');
  t.equal(transfer.end, null);
  t.match(transfer.progress(), { waitsFor: 'feeder' });
  transfer.finish();
  t.same(await transfer.ended(), { kind: 'complete' });
  t.equal(transfer.progress(), null);
});

t.test('a descriptor closed and reused meanwhile is not what is sent', async (t) => {
  const bytes = recognisable(24 * MEBIBYTE);
  const path = `${t.testdir({ file: bytes })}/file`;
  const fd = openSync(path, 'r');
  const line = await openLine(t, true);
  const transfer = startPump(t).begin<Owner>(line.fd);
  transfer.addFile({ fd, length: bytes.length, ...whole }, new Owner());
  transfer.finish();
  closeSync(fd);
  const other = new TestFile(t, Buffer.alloc(bytes.length));
  t.equal(other.fd, fd);
  line.far.resume();
  t.ok((await line.receives(bytes.length)).equals(bytes));
});

t.test('a file that is too short fails at the exact byte', async (t) => {
  const file = new TestFile(t, recognisable(5000));
  const line = await openLine(t);
  const transfer = startPump(t).begin<Owner>(line.fd);
  const [first, second, third] = [new Owner(), new Owner(), new Owner()];
  transfer.addFile({ fd: file.fd, length: 1000, ...whole }, first);
  transfer.addFile({ fd: file.fd, offset: 1000, length: 4001, watermark: null }, second);
  transfer.addFile({ fd: file.fd, length: 1000, ...whole }, third);
  const end = await transfer.ended();
  t.equal(end.kind, 'short-file');
  t.equal('at' in end && end.at, second);
  t.equal(transfer.bytesSent, 5000);
  t.same([first.released, second.released, third.released], [1, 1, 1]);
  t.equal((await line.receives(5000)).length, 5000);
  t.equal(line.near.destroyed, false, 'the connection is as it was');
});

t.test('an unreadable file fails the transfer', async (t) => {
  const directory = openSync(t.testdir(), 'r');
  const line = await openLine(t);
  const transfer = startPump(t).begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: directory, length: 10, ...whole }, owner);
  t.match(await transfer.ended(), { kind: 'read-failed', errno: 22, at: owner });
  t.throws(
    () => {
      const again = startPump(t).begin<Owner>(line.fd);
      again.addFile({ fd: 1_000_000, length: 10, ...whole }, owner);
    },
    { code: 'EBADF', syscall: 'fcntl' },
  );
  t.equal(owner.released, 1, 'what was refused was not taken over');
  closeSync(directory);
});

t.test('a transfer that ended releases added pieces at once', async (t) => {
  const file = new TestFile(t, recognisable(10));
  const line = await openLine(t);
  const transfer = startPump(t).begin<Owner>(line.fd);
  transfer.stop(false);
  t.same(await transfer.ended(), { kind: 'stopped' });
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, length: 10, ...whole }, owner);
  transfer.addBytes(new Uint8Array(3), owner);
  t.equal(owner.released, 2);
  transfer.finish();
  transfer.stop(true);
  await transfer.room(0);
  t.equal(line.received().length, 0);
  line.near.end('still there');
  t.equal((await line.receives(11)).toString(), 'still there');
});

t.test('an end with queued pieces names the piece it ended at', async (t) => {
  const calls: string[] = [];
  const native = {
    addBytes: () => calls.push('addBytes'),
    probe: () => new Float64Array([7, 2, 3, 9, 40]),
  } as unknown as NativePump;
  const transfer = new Transfer<Owner>(native, 5);
  const [one, two] = [new Owner(), new Owner()];
  transfer.addBytes(new Uint8Array(1), one);
  transfer.addBytes(new Uint8Array(1), two);
  t.same(transfer.progress(), {
    takenBytes: 7,
    pauses: 2,
    sentBytes: 9,
    idleMs: 40,
    waitsFor: 'source',
  });
  transfer.advanced(1, 1);
  t.same([one.released, two.released], [1, 0]);
  transfer.over(5, 0);
  t.same(await transfer.ended(), { kind: 'watermark-failed', at: two });
  t.same([one.released, two.released], [1, 1]);
  t.equal(calls.length, 2);
});
