/** The cancel word as an AbortSignal. */
import t from 'tap';
import { CANCEL_POLL_MS, CancelWatch } from '#src/worker/cancel-watch.js';
import { ManualClock } from '../fixtures/manual-clock.js';

function fixture() {
  const clock = new ManualClock();
  const word = { set: false };
  return { clock, word, watch: new CancelWatch(() => word.set, clock) };
}

void t.test('a cancel is seen within one poll, and at once when checked', (t) => {
  const first = fixture();
  first.word.set = true;
  t.notOk(first.watch.signal.aborted);
  first.clock.advance(CANCEL_POLL_MS);
  t.ok(first.watch.signal.aborted);
  t.equal(first.clock.pendingTimers, 0, 'polling has ended');

  const second = fixture();
  t.notOk(second.watch.isCancelled());
  second.watch.check();
  second.word.set = true;
  t.throws(
    () => {
      second.watch.check();
    },
    { code: 'cancelled' },
  );
  t.ok(second.watch.signal.aborted);
  t.end();
});

void t.test('stopping ends the polling', (t) => {
  const { clock, word, watch } = fixture();
  clock.advance(3 * CANCEL_POLL_MS);
  watch.stop();
  word.set = true;
  clock.advance(3 * CANCEL_POLL_MS);
  t.notOk(watch.signal.aborted);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

void t.test('a pause ends by time or by a cancel, and leaves no timer', async (t) => {
  const { clock, word, watch } = fixture();
  await watch.pause(0);
  const timed = watch.pause(50);
  clock.advance(50);
  await timed;
  const cancelled = watch.pause(1_000_000);
  word.set = true;
  clock.advance(CANCEL_POLL_MS);
  await cancelled;
  await watch.pause(1_000_000);
  t.equal(clock.pendingTimers, 0);
});
