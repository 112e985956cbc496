import t from 'tap';
import { SingleFlight } from '#src/model/single-flight.js';
import { deferred } from '#src/model/deferred.js';

t.test('SingleFlight: concurrent callers share the outcome, later ones run again', async (t) => {
  const flights = new SingleFlight<string, number>();
  const work = deferred<number>();
  let runs = 0;
  const job = () => {
    runs += 1;
    return work.promise;
  };
  const leader = flights.run('a', job);
  const follower = flights.run('a', job);
  const other = flights.run('b', () => Promise.resolve(7));
  t.same([leader.collapsed, follower.collapsed, other.collapsed], [false, true, false]);
  t.equal(flights.size, 2);
  work.resolve(3);
  t.same(await Promise.all([leader.outcome, follower.outcome, other.outcome]), [3, 3, 7]);
  t.equal(runs, 1);
  t.equal(flights.size, 0);
  t.notOk(flights.run('a', job).collapsed);
});

t.test('SingleFlight: a failure reaches every joined caller and is not remembered', async (t) => {
  const flights = new SingleFlight<string, number>();
  const work = deferred<number>();
  const outcomes = [1, 2, 3].map(() => flights.run('a', () => work.promise).outcome);
  work.reject(new Error('broken'));
  for (const outcome of outcomes) await t.rejects(outcome, /broken/);
  t.equal(flights.size, 0);
  t.equal(await flights.run('a', () => Promise.resolve(1)).outcome, 1);
});

t.test('SingleFlight: a job that throws synchronously is a failed run', async (t) => {
  const flights = new SingleFlight<string, number>();
  const { outcome } = flights.run('a', () => {
    throw new Error('at once');
  });
  await t.rejects(outcome, /at once/);
  t.equal(flights.size, 0, 'the key is free again');
});
