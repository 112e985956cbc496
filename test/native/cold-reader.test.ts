/**
 * The pump and files that are not in memory: read ahead of what is sent, by threads beside its own.
 */
import { truncateSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type ColdFile, coldFiles, residentBytes } from '../fixtures/cold-file.js';
import { openLine, Owner, startPump } from '../fixtures/pumping.js';
import { recognisable } from '../fixtures/sending.js';
import { waitUntil } from '../fixtures/wait-until.js';

const MEBIBYTE = 1024 * 1024;

/** More than sockets of a client that reads nothing and the kernel's own readahead take in. */
const LENGTH = 40 * MEBIBYTE;

/** Cold files, or none, which is said, where there can be no such files. */
function someColdFiles(t: Test, ...contents: readonly Buffer[]): readonly ColdFile[] {
  const files = coldFiles(t, contents);
  if (files.length === 0) t.pass('there are no cold files here');
  return files;
}

async function untilInMemory(path: string): Promise<void> {
  await waitUntil('the file is in the page cache', () => residentBytes(path) >= LENGTH);
}

t.test('a queued cold file is read to its end while the client reads nothing', async (t) => {
  const bytes = recognisable(LENGTH);
  const [first, second] = someColdFiles(t, bytes, bytes);
  if (first === undefined || second === undefined) return;
  const pump = startPump(t, 1);
  const line = await openLine(t, true);
  const transfer = pump.begin<Owner>(line.fd);
  for (const { fd } of [first, second]) {
    transfer.addFile({ fd, offset: 0, length: LENGTH, watermark: null }, new Owner());
  }
  transfer.finish();
  await untilInMemory(first.path);
  await untilInMemory(second.path);
  t.ok((transfer.progress()?.sentBytes ?? LENGTH) < LENGTH, 'the first is not sent yet');
  line.far.resume();
  t.same(await transfer.ended(), { kind: 'complete' });
  const received = await line.receives(2 * LENGTH);
  t.ok(received.equals(Buffer.concat([bytes, bytes])));
});

t.test('more cold files than reader threads are sent to clients of one pump thread', async (t) => {
  const contents = Array.from({ length: 12 }, (_, index) => recognisable(3 * MEBIBYTE, index));
  const files = someColdFiles(t, ...contents);
  const pump = startPump(t, 1);
  const sent = files.map(async ({ fd }) => {
    const line = await openLine(t);
    const transfer = pump.begin<Owner>(line.fd);
    const length = 3 * MEBIBYTE - 1;
    transfer.addFile({ fd, offset: 1, length, watermark: null }, new Owner());
    transfer.finish();
    t.same(await transfer.ended(), { kind: 'complete' });
    return line.receives(length);
  });
  for (const [index, received] of (await Promise.all(sent)).entries()) {
    t.ok(received.equals(contents[index]?.subarray(1) ?? Buffer.alloc(0)));
  }
});

t.test('a cold file that is too short fails at the exact byte', async (t) => {
  const [file] = someColdFiles(t, recognisable(4 * MEBIBYTE));
  if (file === undefined) return;
  const pump = startPump(t, 1);
  const line = await openLine(t);
  truncateSync(file.path, 2 * MEBIBYTE + 5);
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  const piece = { fd: file.fd, offset: 0, length: 4 * MEBIBYTE, watermark: null };
  transfer.addFile(piece, owner);
  t.same(await transfer.ended(), { kind: 'short-file', at: owner });
  t.equal(transfer.bytesSent, 2 * MEBIBYTE + 5);
});

t.test('closing a pump while it reads files does not crash', async (t) => {
  const [file] = someColdFiles(t, recognisable(LENGTH));
  if (file === undefined) return;
  const pump = startPump(t, 1);
  const line = await openLine(t);
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, offset: 0, length: LENGTH, watermark: null }, owner);
  pump.close();
  t.same(await transfer.ended(), { kind: 'stopped' });
  t.equal(owner.released, 1);
});
