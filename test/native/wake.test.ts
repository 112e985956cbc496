/** Wake descriptors across threads, and every way for a watching thread or process to end. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { native } from '#src/compute/native.js';
import type { WakeWork } from './fixtures/wake-worker.js';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('fixtures/wake-child.js', import.meta.url));

function startWorker(work: WakeWork): Worker {
  return new Worker(new URL('fixtures/wake-worker.js', import.meta.url), { workerData: work });
}

/** Watchers do not keep a process alive, so a test that waits for one does it. */
function keepAlive(t: Test): void {
  const timer = setInterval(() => undefined, 2 ** 30);
  t.teardown(() => {
    clearInterval(timer);
  });
}

/** Two rounds of the loop: what was due has been called by then, and what was closed is closed. */
function twoRounds(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** Resolves when the descriptor has been heard `times` times. */
function heard(fd: number, times = 1): Promise<void> {
  return new Promise((resolve) => {
    let calls = 0;
    const watcher = native.watchEventfd(fd, () => {
      calls += 1;
      if (calls < times) return;
      watcher.close();
      watcher.close();
      resolve();
    });
  });
}

void t.test("a wake by a worker thread calls the main thread's watcher", async (t) => {
  keepAlive(t);
  const fd = native.createEventfd();
  const woken = heard(fd);
  const worker = startWorker({ kind: 'wake', fd, times: 10_000 });
  await woken;
  await once(worker, 'exit');
  closeSync(fd);
});

void t.test('a wake before the watch, and one in the callback, call the watcher', async (t) => {
  keepAlive(t);
  const fd = native.createEventfd();
  native.wake(fd);
  await new Promise<void>((resolve) => {
    let calls = 0;
    const watcher = native.watchEventfd(fd, () => {
      calls += 1;
      if (calls === 3) {
        watcher.close();
        resolve();
      } else {
        native.wake(fd);
      }
    });
  });
  closeSync(fd);
});

void t.test('many wakes in one turn are one call, and none comes after close', async (t) => {
  keepAlive(t);
  const fd = native.createEventfd();
  const fence = native.createEventfd();
  let calls = 0;
  const watcher = native.watchEventfd(fd, () => {
    calls += 1;
  });
  for (let time = 0; time < 1000; time += 1) native.wake(fd);
  await twoRounds();
  t.equal(calls, 1);
  watcher.close();
  native.wake(fd);
  const fenced = heard(fence);
  native.wake(fence);
  await fenced;
  t.equal(calls, 1, 'none after close');
  closeSync(fd);
  closeSync(fence);
});

void t.test('microtasks run between two callbacks', async (t) => {
  keepAlive(t);
  const order: string[] = [];
  const fds = [native.createEventfd(), native.createEventfd()];
  const both = fds.map(
    (fd, index) =>
      new Promise<void>((resolve) => {
        const watcher = native.watchEventfd(fd, () => {
          order.push(`call ${String(index)}`);
          void Promise.resolve().then(() => order.push('microtask'));
          watcher.close();
          resolve();
        });
      }),
  );
  for (const fd of fds) native.wake(fd);
  await Promise.all(both);
  t.match(order, [/call/, 'microtask', /call/, 'microtask']);
  for (const fd of fds) closeSync(fd);
});

void t.test('a watch has its own duplicate of the descriptor, closed with it', async (t) => {
  keepAlive(t);
  const fd = native.createEventfd();
  const before = openDescriptors();
  const woken = heard(fd);
  native.wake(fd);
  closeSync(fd);
  await woken;
  await twoRounds();
  t.ok(openDescriptors() < before, 'the duplicate is closed with the watch');
});

function openDescriptors(): number {
  return readdirSync('/dev/fd').length;
}

void t.test('an invalid descriptor is refused; closed watchers leave none open', async (t) => {
  keepAlive(t);
  const file = openSync(`${t.testdir({ file: '' })}/file`, 'r');
  t.throws(() => native.watchEventfd(file, () => undefined), { code: 'EPERM' });
  closeSync(file);
  t.throws(() => native.watchEventfd(-1, () => undefined), { name: 'RangeError' });
  const fd = native.createEventfd();
  t.throws(() => native.watchEventfd(fd, 3 as unknown as () => void), { name: 'TypeError' });
  const before = openDescriptors();
  for (let time = 0; time < 100; time += 1) {
    native.watchEventfd(fd, () => undefined).close();
  }
  await twoRounds();
  t.equal(openDescriptors(), before, 'no descriptor is left');
  closeSync(fd);
});

void t.test('an eventfd is close-on-exec', { skip: process.platform !== 'linux' }, (t) => {
  const fd = native.createEventfd();
  t.match(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8'), /flags:\s+02/);
  closeSync(fd);
  t.end();
});

void t.test('a worker thread that ends while it watches has its own exit code', async (t) => {
  const leaving = startWorker({ kind: 'leave-watching' });
  const exiting = startWorker({ kind: 'exit-in-callback' });
  const closing = startWorker({ kind: 'exit-while-closing' });
  const codes = await Promise.all(
    [leaving, exiting, closing].map((worker) => once(worker, 'exit')),
  );
  t.same(codes, [[0], [7], [7]]);
});

for (const kind of ['spin', 'call-all'] as const) {
  void t.test(`terminating worker threads in mid-use does not crash: ${kind}`, async () => {
    const workers = Array.from({ length: 6 }, () => startWorker({ kind }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
}

void t.test('terminating worker threads while they start does not crash', async () => {
  // Each a little later in its start than the one before; the last ones have begun to work.
  for (let rounds = 0; rounds < 8; rounds += 1) {
    const worker = startWorker({ kind: 'call-all' });
    await once(worker, 'online');
    for (let round = 0; round < rounds; round += 1) await twoRounds();
    await worker.terminate();
  }
});

void t.test('an error thrown by a callback is an uncaught exception of its thread', async (t) => {
  const worker = startWorker({ kind: 'throw' });
  const [error] = (await once(worker, 'error')) as [Error];
  t.equal(error.message, 'thrown in the callback');
});

void t.test('a process that ends while it watches does not crash', async (t) => {
  const ways = { collect: 'collected', 'leave-watching': 'leaving', 'exit-in-callback': 'exiting' };
  await Promise.all(
    Object.entries(ways).map(async ([way, says]) => {
      const { stdout } = await run(process.execPath, ['--expose-gc', CHILD, way]);
      t.equal(stdout, says, way);
    }),
  );
});
