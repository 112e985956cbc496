import t from 'tap';
import { RequestWatch } from '#src/http/exchange/request-watch.js';
import type { TransferState } from '#src/model/transfer.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

const FACTS = { requestId: 'i', method: 'GET', origin: 'o', target: '/a', range: null };

function watchOf(state: TransferState | null = null) {
  const clock = new ManualClock();
  const watch = new RequestWatch(FACTS, clock);
  const counts = { receivedBytes: 4, verifiedBytes: 2, committedBytes: 1 };
  const body = { progress: () => ({ ...counts, state }) };
  const stateAfter = (ms: number): TransferState => watch.snapshot('r1', ms).state;
  return { watch, body, stateAfter };
}

t.test('a request is queued, without counts, before its answer', async (t) => {
  const { watch } = watchOf();
  t.match(watch.snapshot('r1', 5000), {
    ...FACTS,
    answered: false,
    lengthBytes: null,
    sentBytes: 0,
    receivedBytes: 0,
    state: { kind: 'queued' },
  });
});

t.test('a client that reads nothing is shown as blocked, then stalled', async (t) => {
  const { watch, body, stateAfter } = watchOf({ kind: 'receiving' });
  watch.answered(body, 100);
  watch.sending({ bytesSent: 10, waitsFor: 'client', sinceMs: 0 }, 30);
  t.match(watch.snapshot('r1', 0), { sentBytes: 40, lengthBytes: 100, receivedBytes: 4 });
  t.same(stateAfter(99), { kind: 'serving' });
  t.same(stateAfter(100), { kind: 'client-blocked' });
  t.same(stateAfter(1000), { kind: 'stalled', sinceMs: 1000, of: 'client' });
});

t.test('a source that sends nothing is shown with what it waits for', async (t) => {
  const throttled = watchOf({ kind: 'throttled' });
  throttled.watch.answered(throttled.body, 100);
  t.same(throttled.stateAfter(0), { kind: 'throttled' }, 'before the first byte at once');
  throttled.watch.sending({ bytesSent: 10, waitsFor: 'source', sinceMs: 0 }, 0);
  t.same(throttled.stateAfter(99), { kind: 'serving' });
  t.same(throttled.stateAfter(100), { kind: 'throttled' });
  const held = watchOf(null);
  held.watch.answered(held.body, 100);
  held.watch.sending({ bytesSent: 10, waitsFor: 'source', sinceMs: 0 }, 0);
  t.same(held.stateAfter(999), { kind: 'serving' });
  t.same(held.stateAfter(1000), { kind: 'stalled', sinceMs: 1000, of: 'disk' });
});

t.test('a request is done once its bytes are committed; a failure is shown at once', async (t) => {
  const { watch, body, stateAfter } = watchOf();
  let land: () => void = () => undefined;
  const landed = () => new Promise<void>((resolve) => (land = resolve));
  watch.answered({ ...body, landed }, 100);
  watch.ended({ kind: 'complete', bytesSent: 100 }, null);
  const landing = watch.landed();
  t.same(stateAfter(0), { kind: 'verifying' });
  t.equal(watch.snapshot('r1', 0).sentBytes, 100);
  land();
  await landing;
  t.same(stateAfter(0), { kind: 'done' });
  for (const [kind, cause] of [
    ['client-closed', 'client-aborted'],
    ['client-idle', 'client-idle'],
  ] as const) {
    const other = watchOf();
    other.watch.ended({ kind, bytesSent: 3 }, null);
    t.same(other.stateAfter(0), { kind: 'failed', cause });
  }
  const failed = watchOf();
  failed.watch.ended({ kind: 'complete', bytesSent: 3 }, 'origin-timeout');
  t.same(failed.stateAfter(0), { kind: 'failed', cause: 'origin-timeout' });
});
