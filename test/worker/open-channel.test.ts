/** What the main thread says over the port of an `OpenTask`, and what ends the wait for it. */
import t from 'tap';
import { CANCEL_POLL_MS } from '#src/worker/cancel-watch.js';
import { openResource } from '#src/worker/open.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { failed } from '../fixtures/worker-harness.js';
import { OpenMain } from '../fixtures/worker-open-main.js';
import { CHUNK, startOpening } from '../fixtures/worker-opening.js';
import { waitUntil } from '../fixtures/wait-until.js';

void t.test('the main thread can stop an open', async (t) => {
  const f = await startOpening(t);
  await t.test('at the head: no body is read', async (t) => {
    const { result } = await f.answer(() => ({ kind: 'stop' }));
    t.match(result, { kind: 'stopped', stats: { originBytes: 0 } });
  });
  await t.test('at a chunk: no further chunk is posted', async (t) => {
    const made = f.slot(CHUNK, {});
    const { result, main } = await f.answer((event) =>
      event.kind === 'head' ? { kind: 'slot', slot: made.slot } : { kind: 'stop' },
    );
    t.equal(result.kind, 'stopped');
    t.equal(main.chunks.length, 1);
  });
  await t.test('by closing its port', async (t) => {
    const main: OpenMain = new OpenMain(() => {
      main.close();
      return null;
    });
    const result = await openResource(f.task(main), f.harness.context);
    t.equal(result.kind, 'stopped');
  });
});

void t.test('a cancel ends every wait', async (t) => {
  const clock = new ManualClock();
  const f = await startOpening(t, { clock });
  const main = new OpenMain((event) => {
    // The question is never answered.
    if (event.kind === 'head') f.control.cancel();
    return null;
  });
  const opening = openResource(f.task(main), f.harness.context);
  await f.origin.waitFor((origin) => origin.requests.length === 1);
  await waitUntil('the worker has posted an event', () => main.events.length > 0);
  clock.advance(CANCEL_POLL_MS);
  t.match(await opening, failed('cancelled'));
});
