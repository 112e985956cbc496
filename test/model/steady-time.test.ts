import t from 'tap';
import { steadyNow } from '#src/model/steady-time.js';
import { ManualClock } from '../fixtures/manual-clock.js';

/** A clock that is put to another time while time passes. */
class SetClock extends ManualClock {
  offsetMs = 0;

  override now(): number {
    return super.now() + this.offsetMs;
  }
}

t.test('steadyNow advances after the clock was set back', async (t) => {
  const clock = new SetClock();
  const begin = steadyNow(clock);
  t.equal(begin, clock.now());
  clock.advance(5_000);
  t.equal(steadyNow(clock) - begin, 5_000);
  clock.offsetMs -= 365 * 86_400_000;
  t.equal(steadyNow(clock) - begin, 5_000);
  clock.advance(7_000);
  t.equal(steadyNow(clock) - begin, 12_000);
  clock.offsetMs -= 60_000;
  clock.advance(1_000);
  t.equal(steadyNow(clock) - begin, 13_000, 'each time that it is');
});

t.test('steadyNow follows a clock that is set forward', async (t) => {
  const clock = new SetClock();
  const begin = steadyNow(clock);
  clock.offsetMs += 60_000;
  t.equal(steadyNow(clock) - begin, 60_000);
  clock.offsetMs = 0;
  clock.advance(1_000);
  t.equal(steadyNow(clock) - begin, 61_000, 'and does not go back with it');
});

t.test('steadyNow waits for a clock that stepped back by less than a second', async (t) => {
  const clock = new SetClock();
  const begin = steadyNow(clock);
  clock.offsetMs -= 900;
  t.equal(steadyNow(clock), begin, 'the time does not advance meanwhile');
  clock.advance(1_000);
  t.equal(steadyNow(clock), begin + 100);
});

t.test('each clock has its own steady time', async (t) => {
  const [one, other] = [new SetClock(), new SetClock(0)];
  t.not(steadyNow(one), steadyNow(other));
});
