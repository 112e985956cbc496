/** The pump's arguments, and every way for a thread or process that has one to end. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { native } from '#src/compute/native.js';
import { WATERMARK_BYTES } from '#src/compute/watermark-words.js';
import { openLine } from '../fixtures/pumping.js';

const run = promisify(execFile);
const FIXTURE = new URL('fixtures/pump-child.js', import.meta.url);

void t.test('pump: invalid arguments are refused and change nothing', async (t) => {
  for (const threads of [0, -1, 65, 1.5, NaN]) {
    t.throws(() => native.createPump(threads), { name: 'RangeError' });
  }
  const pump = native.createPump(1);
  const { fd } = await openLine(t);
  const id = pump.begin(fd);
  const shared = new SharedArrayBuffer(WATERMARK_BYTES);
  for (const watermark of [
    new BigInt64Array(4),
    new BigInt64Array(shared, 0, 3),
    new Int32Array(shared),
    shared,
    undefined,
    {},
  ]) {
    const add = (): void => {
      pump.addFile(id, fd, 0, 1, watermark as BigInt64Array);
    };
    t.throws(add, { name: 'TypeError', message: /shared memory/ });
  }
  const most = Number.MAX_SAFE_INTEGER;
  t.throws(() => {
    pump.addFile(id, fd, most, most, null);
  }, RangeError);
  t.throws(() => {
    pump.addFile(id, -1, 0, 1, null);
  }, RangeError);
  t.throws(() => {
    pump.addBytes(id, 'text' as unknown as Uint8Array);
  }, TypeError);
  t.throws(() => {
    pump.stop(id, 1 as unknown as boolean);
  }, TypeError);
  t.equal(pump.take().length, 0);
  pump.finish(id);
  t.same([...pump.take()], [id, 0, 0, 1, 0], 'complete, having sent nothing');
  t.equal(pump.probe(id).length, 0);
  // There is no such transfer: it may have ended.
  pump.addBytes(99, new Uint8Array(1));
  pump.finish(99);
  pump.stop(99, true);
  t.equal(pump.take().length, 0);
  pump.close();
  pump.close();
  t.throws(() => pump.take(), { code: 'EBADF' });
});

void t.test('pump: a blocking socket is refused', (t) => {
  const pump = native.createPump(1);
  const file = openSync(`${t.testdir({ file: '' })}/file`, 'r+');
  t.throws(() => pump.begin(file), { code: 'EINVAL' });
  t.throws(() => pump.begin(1_000_000), { code: 'EBADF', syscall: 'fcntl' });
  closeSync(file);
  pump.close();
  t.end();
});

void t.test('readCached returns the number of cached bytes, and 0 at the end of the file', (t) => {
  const path = `${t.testdir({ file: 'abc' })}/file`;
  const fd = openSync(path, 'r');
  const bytes = Buffer.alloc(8);
  t.equal(native.readCached(fd, bytes, 0), 3, 'written just now');
  t.equal(bytes.toString('latin1', 0, 3), 'abc');
  t.equal(native.readCached(fd, bytes, 3), 0);
  t.equal(native.readCached(fd, bytes, 2), 1);
  closeSync(fd);
  t.throws(() => native.readCached(fd, bytes, 0), { code: 'EBADF', syscall: 'preadv2' });
  t.throws(() => native.readCached(0, bytes, -1), RangeError);
  t.end();
});

void t.test('pump: worker threads that end in mid-transfer do not crash the process', async (t) => {
  const codes = await Promise.all(
    ['leave', 'exit', 'terminate'].map(async (way) => {
      const worker = new Worker(FIXTURE, { workerData: way, env: { PUMP_WAY: way } });
      await once(worker, 'message');
      if (way === 'terminate') return worker.terminate();
      const [code] = (await once(worker, 'exit')) as [number];
      return code;
    }),
  );
  t.same(codes, [0, 7, 1]);
});

void t.test('pump: processes that end in mid-transfer do not crash', async (t) => {
  for (const [way, says] of Object.entries({
    leave: 'pumping',
    collect: 'pumping collected',
  })) {
    const { stdout } = await run(process.execPath, ['--expose-gc', fileURLToPath(FIXTURE)], {
      env: { ...process.env, PUMP_WAY: way },
    });
    t.equal(stdout, says, way);
  }
});
