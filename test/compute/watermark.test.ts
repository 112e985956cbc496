/** Watermarks: the rules of both sides, and waits against real worker threads. */
import fc from 'fast-check';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { native } from '#src/compute/native.js';
import { WatermarkWriter } from '#src/compute/watermark.js';
import { WATERMARK_BYTES } from '#src/compute/watermark-words.js';
import type { WatermarkWork } from './fixtures/watermark-worker.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { isSettled, makeHub } from '../fixtures/watermarks.js';

function startWorker(work: WatermarkWork): Worker {
  return new Worker(new URL('fixtures/watermark-worker.js', import.meta.url), { workerData: work });
}

void t.test('a new watermark is growing with no bytes', (t) => {
  const watermark = makeHub(t).create();
  t.equal(watermark.shared.byteLength, WATERMARK_BYTES);
  t.equal(watermark.state, 'growing');
  t.equal(watermark.available, 0);
  t.equal(watermark.receivedBytes, 0);
  t.end();
});

void t.test('the words have the documented layout', (t) => {
  const watermark = makeHub(t).create();
  const words = new BigInt64Array(watermark.shared);
  const writer = new WatermarkWriter(watermark.shared, [], new ManualClock(0));
  writer.received(2 ** 40 + 3);
  writer.enter('throttled');
  writer.advance(2 ** 40);
  watermark.cancel();
  writer.fail();
  t.same([...words], [2n ** 40n, 2n ** 40n + 3n, 2n, 1n, 0n, 4n, 0n, 0n, 0n]);
  void watermark.wait(0);
  t.equal(words[4], 1n, 'the main thread listens');
  t.end();
});

void t.test('property: counts never fall, and nothing changes after the end', (t) => {
  const hub = makeHub(t);
  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom('advance', 'received', 'release'), bytes: fc.nat(1000) }),
    fc.record({ kind: fc.constantFrom('complete', 'fail', 'completeHere', 'failHere', 'cancel') }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
      const watermark = hub.create();
      const writer = new WatermarkWriter(watermark.shared, []);
      const model = { available: 0, receivedBytes: 0, state: 'growing' };
      const raise = (key: 'available' | 'receivedBytes', bytes: number): void => {
        if (model.state === 'growing') model[key] = Math.max(model[key], bytes);
      };
      const end = (state: string): void => {
        if (model.state === 'growing') model.state = state;
      };
      for (const { kind, bytes = 0 } of operations as { kind: string; bytes?: number }[]) {
        switch (kind) {
          case 'advance':
            writer.advance(bytes);
            raise('available', bytes);
            break;
          case 'release':
            watermark.advance(bytes);
            raise('available', bytes);
            break;
          case 'received':
            writer.received(bytes);
            raise('receivedBytes', bytes);
            break;
          case 'complete':
            writer.complete();
            end('complete');
            break;
          case 'completeHere':
            watermark.complete();
            end('complete');
            break;
          case 'fail':
            writer.fail();
            end('failed');
            break;
          case 'failHere':
            watermark.fail();
            end('failed');
            break;
          case 'cancel':
            watermark.cancel();
            break;
        }
        const { available, receivedBytes, state } = watermark;
        t.same({ available, receivedBytes, state }, model);
      }
    }),
  );
  t.end();
});

void t.test('a wait ends exactly when available exceeds its offset', async (t) => {
  const hub = makeHub(t);
  const watermark = hub.create();
  const writer = new WatermarkWriter(watermark.shared, [hub.wakeFd]);
  const atNothing = watermark.wait(0);
  const atTen = watermark.wait(10);
  t.equal(await isSettled(atNothing), false);
  writer.advance(10);
  await atNothing;
  t.equal(await isSettled(atTen), false, 'byte 10 is not there yet');
  await watermark.wait(9);
  writer.advance(11);
  await atTen;
  await watermark.wait(10);
});

void t.test('each final state ends every wait', async (t) => {
  const hub = makeHub(t);
  for (const end of ['complete', 'fail'] as const) {
    const byWriter = hub.create();
    const waits = [byWriter.wait(0), byWriter.wait(2 ** 50)];
    new WatermarkWriter(byWriter.shared, [hub.wakeFd])[end]();
    await Promise.all(waits);
    await byWriter.wait(5);

    const byMain = hub.create();
    const wait = byMain.wait(0);
    byMain[end]();
    await wait;
  }
});

void t.test('the main thread can release withheld bytes', async (t) => {
  const watermark = makeHub(t).create();
  const writer = new WatermarkWriter(watermark.shared, []);
  writer.received(100);
  const wait = watermark.wait(0);
  t.equal(await isSettled(wait), false, 'received, but not released');
  watermark.advance(100);
  await wait;
  watermark.complete();
  t.equal(watermark.available, 100);
});

void t.test("watermarks of one registry do not settle each other's waits", async (t) => {
  const hub = makeHub(t);
  const [first, second] = [hub.create(), hub.create()];
  const waitFirst = first.wait(0);
  const waitSecond = second.wait(0);
  new WatermarkWriter(second.shared, [hub.wakeFd]).advance(1);
  await waitSecond;
  t.equal(await isSettled(waitFirst), false);
  first.fail();
  await waitFirst;
});

void t.test('a writer wakes every registered descriptor, on changes only', (t) => {
  const fds = [native.createEventfd(), native.createEventfd()];
  const watermark = makeHub(t).create();
  const writer = new WatermarkWriter(watermark.shared, fds);
  let wakes = 0;
  const watchers = fds.map((fd) =>
    native.watchEventfd(fd, () => {
      wakes += 1;
    }),
  );
  const rounds = async (change: () => void): Promise<number> => {
    wakes = 0;
    change();
    await isSettled(Promise.resolve());
    return wakes;
  };
  const check = async (): Promise<void> => {
    for (const [index, listeners] of [0n, 1n, 2n, 3n].entries()) {
      new BigInt64Array(watermark.shared)[4] = listeners;
      const woken = await rounds(writer.advance.bind(writer, index + 2));
      t.equal(woken, [0, 1, 1, 2][index], `listeners ${String(listeners)}`);
    }
    t.equal(
      await rounds(() => {
        writer.advance(5);
      }),
      0,
      'no further',
    );
    t.equal(
      await rounds(() => {
        writer.received(9);
      }),
      0,
      'nobody waits for received',
    );
    t.equal(
      await rounds(() => {
        writer.complete();
      }),
      2,
    );
    t.equal(
      await rounds(() => {
        writer.fail();
      }),
      0,
      'ended before',
    );
  };
  return check().finally(() => {
    for (const watcher of watchers) watcher.close();
    for (const fd of fds) closeSync(fd);
  });
});

void t.test('no wake is lost between a worker and waits for every byte', async (t) => {
  const hub = makeHub(t);
  const watermark = hub.create();
  const steps = 20_000;
  const worker = startWorker({
    kind: 'advance',
    shared: watermark.shared,
    wakeFds: [hub.wakeFd],
    steps,
    end: 'complete',
  });
  const exit = once(worker, 'exit');
  let seen = 0;
  while (watermark.state === 'growing') {
    await watermark.wait(seen);
    t.ok(watermark.available >= seen, 'never falls');
    seen = watermark.available;
  }
  t.equal(watermark.available, steps, 'final once the state is complete');
  t.equal(watermark.receivedBytes, steps);
  await exit;
});

void t.test('cancel reaches a worker whose event loop is busy', async (t) => {
  const hub = makeHub(t);
  const watermark = hub.create();
  const wakeFds = [hub.wakeFd];
  const worker = startWorker({ kind: 'until-cancelled', shared: watermark.shared, wakeFds });
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  watermark.cancel();
  await watermark.wait(0);
  t.equal(watermark.state, 'failed');
  t.equal(watermark.available, 0);
  await exit;
});

void t.test('closing the registry ends every wait', async (t) => {
  const hub = makeHub(t);
  const [waited, later] = [hub.create(), hub.create()];
  const wait = waited.wait(0);
  hub.close();
  hub.close();
  await wait;
  t.equal(waited.state, 'failed');
  t.equal(later.state, 'growing', 'until someone waits');
  await later.wait(0);
  t.equal(later.state, 'failed');
});

void t.test('invalid words and byte counts are refused', (t) => {
  const watermark = makeHub(t).create();
  const writer = new WatermarkWriter(watermark.shared, []);
  t.throws(() => new WatermarkWriter(new SharedArrayBuffer(24), []), RangeError);
  for (const bytes of [-1, 0.5, Number.NaN, 2 ** 53]) {
    const raises = [writer.advance.bind(writer), writer.received.bind(writer)];
    for (const raise of [...raises, watermark.advance.bind(watermark)]) {
      t.throws(() => {
        raise(bytes);
      }, RangeError);
    }
  }
  t.equal(watermark.available, 0);
  t.end();
});
