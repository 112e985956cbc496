import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { systemClock } from '#src/model/time.js';

t.test('now and monotonic never go backwards', async (t) => {
  const [wall, monotonic] = [systemClock.now(), systemClock.monotonic()];
  t.ok(Math.abs(wall - Date.now()) < 60_000);
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 1000);
    systemClock.after(1, () => {
      clearInterval(alive);
      resolve();
    });
  });
  t.ok(systemClock.now() >= wall);
  t.ok(systemClock.monotonic() > monotonic);
});

t.test('a cancelled timer does not fire, and timers keep no process alive', async (t) => {
  let fired = false;
  systemClock.after(0, () => {
    fired = true;
  })();
  // Fires after every timer of 0 ms that was armed before it.
  await new Promise((resolve) => setTimeout(resolve, 1));
  t.notOk(fired);
  // This one would hold the test's process for a day.
  systemClock.after(86_400_000, () => undefined);
});

t.test('threads have the same time', async (t) => {
  const source = `
    const { systemClock } = await import(${JSON.stringify(import.meta.resolve('#src/model/time.js'))});
    const { parentPort } = await import('node:worker_threads');
    parentPort.postMessage(systemClock.monotonic());
  `;
  const before = systemClock.monotonic();
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [there] = (await once(worker, 'message')) as [number];
  t.ok(before <= there && there <= systemClock.monotonic());
  await worker.terminate();
});
