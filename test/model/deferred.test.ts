import t from 'tap';
import { deferred, within } from '#src/model/deferred.js';
import { ManualClock } from '../fixtures/manual-clock.js';

function bound(clock: ManualClock, signal?: AbortSignal) {
  return {
    clock,
    ms: 100,
    signal,
    timedOut: () => new Error('timed out'),
    aborted: () => new Error('aborted'),
  };
}

t.test('deferred is settled from outside; a lost rejection is not reported', async (t) => {
  const kept = deferred<number>();
  kept.resolve(3);
  t.equal(await kept.promise, 3);
  const lost = deferred<number>();
  lost.reject(new Error('lost'));
  await new Promise(setImmediate);
  await t.rejects(lost.promise, /lost/);
});

t.test('within resolves with the value and leaves no timer or listener', async (t) => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const work = deferred<string>();
  const waiting = within(work.promise, bound(clock, signal));
  t.equal(clock.pendingTimers, 1);
  clock.advance(99);
  work.resolve('done');
  t.equal(await waiting, 'done');
  t.equal(clock.pendingTimers, 0);
});

t.test('within ends with its bound, its signal, or the awaited failure', async (t) => {
  const clock = new ManualClock();
  const never = deferred<undefined>();
  const late = within(never.promise, bound(clock));
  clock.advance(100);
  await t.rejects(late, /timed out/);

  const controller = new AbortController();
  const left = within(never.promise, bound(clock, controller.signal));
  controller.abort();
  await t.rejects(left, /aborted/);
  await t.rejects(within(never.promise, bound(clock, controller.signal)), /aborted/);

  await t.rejects(within(Promise.reject(new Error('broken')), bound(clock)), /broken/);
  t.equal(clock.pendingTimers, 0);
});

t.test('within: an aborted wait does not end the work for other waiters', async (t) => {
  const clock = new ManualClock();
  const work = deferred<string>();
  const controller = new AbortController();
  const one = within(work.promise, bound(clock, controller.signal));
  const other = within(work.promise, bound(clock));
  controller.abort();
  await t.rejects(one, /aborted/);
  work.resolve('done');
  t.equal(await other, 'done');
});
