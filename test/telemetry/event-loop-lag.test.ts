import t from 'tap';
import { SAMPLE_INTERVAL_MS, watchEventLoopLag } from '#src/telemetry/event-loop-lag.js';
import { ManualClock } from '../fixtures/manual-clock.js';

t.test('the delay of each sample is reported until stop', (t) => {
  const clock = new ManualClock();
  const timers: (() => void)[] = [];
  const lags: number[] = [];
  // The loop runs the timer when the test says so, not when it is due.
  const late = {
    ...bound(clock),
    after: (_ms: number, callback: () => void) => {
      timers.push(callback);
      return () => timers.splice(timers.indexOf(callback), 1);
    },
  };
  const stop = watchEventLoopLag(late, (lagMs) => lags.push(lagMs));
  for (const lateness of [0, 30]) {
    clock.advance(SAMPLE_INTERVAL_MS + lateness);
    timers.shift()?.();
  }
  t.same(lags, [0, 30]);
  stop();
  t.same(timers, []);
  t.end();
});

function bound(clock: ManualClock) {
  return { now: () => clock.now(), monotonic: () => clock.monotonic() };
}
