/** What is the pump's own: turns, watermarks, clients that go, and its end. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { WatermarkRegistry } from '#src/compute/watermark.js';
import { native } from '#src/compute/native.js';
import { Pump } from '#src/compute/pump.js';
import type { WatermarkWork } from './fixtures/watermark-worker.js';
import { openLine, Owner, startPump } from '../fixtures/pumping.js';
import { recognisable, TestFile } from '../fixtures/sending.js';
import { waitUntil } from '../fixtures/wait-until.js';

const MEBIBYTE = 1024 * 1024;

function hubFor(t: Test, pump: Pump): WatermarkRegistry {
  const hub = new WatermarkRegistry([pump.wakeFd]);
  t.teardown(() => {
    hub.close();
  });
  return hub;
}

function startWorker(workerData: WatermarkWork): Worker {
  return new Worker(new URL('fixtures/watermark-worker.js', import.meta.url), { workerData });
}

t.test('after its turn of a MiB a transfer goes behind all others that are ready', async (t) => {
  const pump = startPump(t, 1);
  const watermark = hubFor(t, pump).create();
  const file = new TestFile(t, recognisable(2 * MEBIBYTE));
  const order: string[] = [];
  const begin = async (name: string, lengths: readonly number[]) => {
    // What two socket buffers take without a reader is more than a turn: nothing else ends it.
    const transfer = pump.begin<Owner>((await openLine(t, true)).fd);
    for (const length of lengths) {
      const owner = new Owner(() => order.push(name));
      transfer.addFile({ fd: file.fd, offset: 0, length, watermark }, owner);
    }
    transfer.finish();
    await waitUntil(
      'the transfer waits for its source',
      () => transfer.progress()?.waitsFor === 'source',
    );
    return transfer;
  };
  const lengths = { small: [1000], large: [MEBIBYTE, 1] };
  // Some before it and some after it, as the order in which they are woken is not told.
  const transfers = [];
  for (const name of ['small', 'small', 'small', 'large', 'small', 'small', 'small'] as const) {
    transfers.push(await begin(name, lengths[name]));
  }
  watermark.advance(MEBIBYTE);
  const ends = await Promise.all(transfers.map((transfer) => transfer.ended()));
  t.ok(ends.every(({ kind }) => kind === 'complete'));
  t.equal(order.at(-1), 'large', 'its last byte waited for everybody');
  t.equal(order.length, 8);
});

t.test('a growing file is followed as a worker thread writes it', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const bytes = recognisable(1000);
  const file = new TestFile(t, bytes);
  const line = await openLine(t);
  const watermark = hub.create();
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, offset: 100, length: 900, watermark }, owner);
  transfer.finish();
  const worker = startWorker({
    kind: 'advance',
    shared: watermark.shared,
    wakeFds: hub.wakeFds,
    steps: 1000,
    end: 'complete',
  });
  const exit = once(worker, 'exit');
  t.same(await transfer.ended(), { kind: 'complete' });
  t.equal(owner.released, 1);
  t.ok((await line.receives(900)).equals(bytes.subarray(100)));
  await exit;
});

t.test('a growing file is followed as the main thread releases it', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const bytes = recognisable(1000);
  const file = new TestFile(t, bytes);
  const line = await openLine(t);
  const watermark = hub.create();
  const transfer = pump.begin<Owner>(line.fd);
  transfer.addFile({ fd: file.fd, offset: 0, length: 1000, watermark }, new Owner());
  for (const available of [1, 2, 500]) {
    watermark.advance(available);
    t.equal((await line.receives(available)).length, available);
  }
  t.match(transfer.progress(), { waitsFor: 'source' });
  watermark.fail();
  t.match(await transfer.ended(), { kind: 'watermark-failed' });
  t.equal(transfer.bytesSent, 500);
});

t.test('a file that is written from its middle on is sent as its bytes come', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const bytes = recognisable(1000);
  const file = new TestFile(t, bytes);
  const watermark = hub.create({ start: 600, lengthBytes: 1000 });
  const follow = async (offset: number, length: number) => {
    const line = await openLine(t);
    const transfer = pump.begin<Owner>(line.fd);
    transfer.addFile({ fd: file.fd, offset, length, watermark }, new Owner());
    transfer.finish();
    return { line, transfer, expected: bytes.subarray(offset, offset + length) };
  };
  const [late, whole, early] = [await follow(650, 350), await follow(0, 1000), await follow(0, 9)];
  watermark.advance(100);
  t.ok((await late.line.receives(50)).equals(bytes.subarray(650, 700)));
  watermark.advance(400);
  t.ok((await late.line.receives(350)).equals(late.expected));
  t.same(await late.transfer.ended(), { kind: 'complete' });
  t.match(whole.transfer.progress(), { waitsFor: 'source', sentBytes: 0 });
  watermark.advance(405);
  t.ok((await early.line.receives(5)).equals(bytes.subarray(0, 5)));
  watermark.advance(1000);
  watermark.complete();
  for (const { line, transfer, expected } of [whole, early]) {
    t.same(await transfer.ended(), { kind: 'complete' });
    t.ok((await line.receives(expected.length)).equals(expected));
  }
});

t.test('a growing file that fails sends nothing after its last readable byte', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const file = new TestFile(t, recognisable(1000));
  const watermark = hub.create({ start: 600, lengthBytes: 1000 });
  watermark.advance(700);
  watermark.fail();
  const line = await openLine(t);
  const transfer = pump.begin<Owner>(line.fd);
  transfer.addFile({ fd: file.fd, offset: 100, length: 900, watermark }, new Owner());
  t.match(await transfer.ended(), { kind: 'watermark-failed' });
  t.equal(transfer.bytesSent, 200, 'up to where the second part broke off');
});

t.test('a complete watermark below the promised length is a short file', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const file = new TestFile(t, recognisable(1000));
  const line = await openLine(t);
  const watermark = hub.create();
  watermark.advance(700);
  watermark.complete();
  const transfer = pump.begin<Owner>(line.fd);
  transfer.addFile({ fd: file.fd, offset: 0, length: 1000, watermark }, new Owner());
  t.match(await transfer.ended(), { kind: 'short-file' });
  t.equal(transfer.bytesSent, 700);
});

t.test('a watermark without other references stays readable', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const file = new TestFile(t, recognisable(1000));
  const line = await openLine(t);
  const transfer = pump.begin<Owner>(line.fd);
  const add = (): WeakRef<object> => {
    const watermark = hub.create();
    transfer.addFile({ fd: file.fd, offset: 0, length: 1000, watermark }, new Owner());
    return new WeakRef(watermark);
  };
  const ref = add();
  const { gc } = globalThis as { gc?: () => void };
  for (let round = 0; round < 5; round += 1) {
    gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Only the words are pinned. Were they gone, the sanitisers would see this look at them.
  native.wake(pump.wakeFd);
  t.ok(gc === undefined || ref.deref() === undefined);
  transfer.stop(false);
  t.same(await transfer.ended(), { kind: 'stopped' });
});

t.test('a client that resets in mid-transfer ends it with client-closed', async (t) => {
  const pump = startPump(t);
  const file = new TestFile(t, recognisable(32 * MEBIBYTE));
  const line = await openLine(t, true);
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, offset: 0, length: 32 * MEBIBYTE, watermark: null }, owner);
  transfer.finish();
  await waitUntil(
    'the transfer waits for its client',
    () => transfer.progress()?.waitsFor === 'client',
  );
  line.far.resetAndDestroy();
  t.same(await transfer.ended(), { kind: 'client-closed' });
  t.equal(owner.released, 1);
  t.ok(transfer.bytesSent < 32 * MEBIBYTE);
});

t.test('a cut closes the connection although Node holds it too', async (t) => {
  const pump = startPump(t);
  const file = new TestFile(t, recognisable(32 * MEBIBYTE));
  const line = await openLine(t);
  line.far.once('data', () => {
    transfer.stop(true);
  });
  const before = readdirSync('/dev/fd').length;
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, offset: 0, length: 32 * MEBIBYTE, watermark: null }, owner);
  const end = await transfer.ended();
  t.ok(end.kind === 'stopped' || end.kind === 'client-closed', end.kind);
  t.equal(readdirSync('/dev/fd').length, before, 'its descriptors are closed');
  const received = await line.receives(32 * MEBIBYTE);
  t.equal(received.length < 32 * MEBIBYTE, true, 'the far end has seen the end');
});

t.test('two hundred concurrent transfers arrive whole', async (t) => {
  const pump = startPump(t);
  const hub = hubFor(t, pump);
  const bytes = recognisable(3 * MEBIBYTE);
  const file = new TestFile(t, bytes);
  const watermark = hub.create();
  const lines = await Promise.all(Array.from({ length: 200 }, () => openLine(t)));
  const ends = lines.map((line, index) => {
    const transfer = pump.begin<Owner>(line.fd);
    const growing = index % 2 === 0 ? watermark : null;
    transfer.addFile(
      { fd: file.fd, offset: index, length: 2 * MEBIBYTE, watermark: growing },
      new Owner(),
    );
    transfer.finish();
    return transfer.ended();
  });
  for (let at = 0; at <= bytes.length; at += 64 * 1024) watermark.advance(at);
  t.ok((await Promise.all(ends)).every(({ kind }) => kind === 'complete'));
  const wrong = await Promise.all(
    lines.map(async (line, index) => {
      const received = await line.receives(2 * MEBIBYTE);
      return !received.equals(bytes.subarray(index, index + 2 * MEBIBYTE));
    }),
  );
  t.equal(wrong.filter(Boolean).length, 0);
  t.equal(pump.running, 0);
});

t.test('close ends running transfers and leaves no descriptor', async (t) => {
  const before = readdirSync('/dev/fd').length;
  const line = await openLine(t, true);
  const withLine = readdirSync('/dev/fd').length;
  const file = new TestFile(t, recognisable(16 * MEBIBYTE));
  const pump = new Pump();
  const transfer = pump.begin<Owner>(line.fd);
  const owner = new Owner();
  transfer.addFile({ fd: file.fd, offset: 0, length: 16 * MEBIBYTE, watermark: null }, owner);
  pump.close();
  t.same(await transfer.ended(), { kind: 'stopped' });
  t.equal(owner.released, 1);
  transfer.stop(true);
  // The watch of its notices is closed by the loop.
  for (let round = 0; round < 3; round += 1) await new Promise(setImmediate);
  t.equal(readdirSync('/dev/fd').length, withLine + 1, 'but the test’s own file');
  t.ok(before < withLine);
  t.throws(() => pump.begin(line.fd), { code: 'EBADF' });
});
