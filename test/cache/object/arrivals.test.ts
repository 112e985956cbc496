import t from 'tap';
import { Arrivals } from '#src/cache/object/arrivals.js';
import type { Arrival } from '#src/cache/fill/live-object.js';
import { deferred } from '#src/model/deferred.js';
import { ForebayError } from '#src/model/errors.js';
import { startRoom } from '../../fixtures/running-room.js';

const LOST = new ForebayError('origin-reset', 'lost', { source: 'origin', retryable: true });

/** A body that a test ends. */
function body(isStream: boolean) {
  const ended = deferred<ForebayError | undefined>();
  const arrival: Arrival = {
    isStream,
    whenEnded: ended.promise,
    demand: () => undefined,
    reached: () => ended.promise.then(() => undefined),
    abandoned: () => undefined,
    stop: () => undefined,
  };
  return { arrival, ended };
}

t.test('Arrivals: an arriving body is available until it has ended', async (t) => {
  const { services } = await startRoom(t);
  const ends: (ForebayError | undefined)[] = [];
  const arrivals = new Arrivals({
    services,
    onEnded: (error) => ends.push(error),
    onStarted: () => t.fail(),
  });
  const { arrival, ended } = body(false);
  arrivals.attach(arrival);
  t.same([arrivals.isMoving, arrivals.isStreaming], [true, false]);
  ended.resolve(LOST);
  await ended.promise;
  await Promise.resolve();
  t.same(ends, [LOST]);
  t.equal(arrivals.intake, undefined);
});

t.test('Arrivals: one stream for all waiting requests, by the first starter', async (t) => {
  const room = await startRoom(t);
  let started = 0;
  const arrivals = new Arrivals({
    services: room.services,
    onEnded: () => undefined,
    onStarted: () => (started += 1),
  });
  const starting = deferred<undefined>();
  let calls = 0;
  arrivals.switchToStream(async () => {
    calls += 1;
    await starting.promise;
    arrivals.attach(body(true).arrival);
  });
  arrivals.switchToStream(() => Promise.reject(LOST));
  t.ok(arrivals.isStreaming);
  const waiting = [0, 5].map((index) => arrivals.reached(index, room.fetchContext('/a')));
  starting.resolve(undefined);
  await Promise.all(waiting);
  t.same([calls, started], [1, 1]);
  t.ok(arrivals.intake?.isStream);
});

t.test('Arrivals: a failed start is reported, and may be tried again', async (t) => {
  const room = await startRoom(t);
  const noted: string[] = [];
  const arrivals = new Arrivals({
    services: room.services,
    onEnded: () => undefined,
    onStarted: () => noted.push('tried'),
  });
  arrivals.switchToStream(() => Promise.reject(LOST));
  await t.rejects(arrivals.reached(0, room.fetchContext('/a')), LOST);
  await t.rejects(arrivals.reached(0, room.fetchContext('/a')), LOST);
  t.equal(noted.length, 2);
  t.notOk(arrivals.isMoving);
});
