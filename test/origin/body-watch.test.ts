import t from 'tap';
import type { ForebayError } from '#src/model/errors.js';
import { BodyWatch } from '#src/origin/body-watch.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const limits = { idleTimeoutMs: 1000, minRateBytesPerSecond: 100, minRateWindowMs: 5000 };

function watch(over: Partial<typeof limits> = {}) {
  const clock = new ManualClock();
  const errors: ForebayError[] = [];
  const body = new BodyWatch(clock, { ...limits, ...over }, (error) => errors.push(error));
  return { clock, errors, body };
}

void t.test('silence since the last byte for the whole bound is a timeout', (t) => {
  const { clock, errors, body } = watch();
  clock.advance(999);
  body.bytes(10_000);
  clock.advance(999);
  t.equal(errors.length, 0);
  clock.advance(1);
  t.match(errors, [{ code: 'origin-timeout', message: 'no body bytes for 1000 ms' }]);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

void t.test('a rate below the minimum is detected within two windows', (t) => {
  const { clock, errors, body } = watch();
  body.bytes(100_000);
  for (let i = 0; i < 10; i++) {
    clock.advance(500);
    body.bytes(10);
  }
  t.equal(errors.length, 0, 'the first window had its bytes');
  for (let i = 0; i < 10; i++) {
    clock.advance(500);
    body.bytes(10);
  }
  t.match(errors, [{ code: 'origin-timeout', message: /slower than 100 B/ }]);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

void t.test('exactly the minimum rate is enough', (t) => {
  const { clock, errors, body } = watch();
  for (let i = 0; i < 100; i++) {
    body.bytes(50);
    clock.advance(500);
  }
  t.equal(errors.length, 0);
  t.end();
});

void t.test('paused time does not count', (t) => {
  const { clock, errors, body } = watch();
  clock.advance(900);
  body.pause();
  body.pause();
  t.equal(clock.pendingTimers, 0);
  clock.advance(1e9);
  body.resume();
  body.resume();
  clock.advance(99);
  t.equal(errors.length, 0);
  clock.advance(1);
  t.equal(errors.length, 1, 'the 900 ms before the pause do count');
  t.end();
});

void t.test('without a minimum rate no window is measured', (t) => {
  const { clock, errors, body } = watch({ minRateBytesPerSecond: 0 });
  t.equal(clock.pendingTimers, 1);
  for (let i = 0; i < 100; i++) {
    clock.advance(900);
    body.bytes(1);
  }
  t.equal(errors.length, 0);
  body.stop();
  t.equal(clock.pendingTimers, 0);
  t.end();
});
