import t from 'tap';
import type { Digest } from '#src/model/digest.js';
import { ForebayError } from '#src/model/errors.js';
import { Upstreams } from '#src/origin/upstreams.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';

const CHANGED = new ForebayError('origin-changed', 'x', { source: 'origin', retryable: false });

t.test('concurrent opens of one object share one generation', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const opened = await Promise.all([1, 2, 3].map(() => room.open('/a', sizeOf(2))));
  t.equal(new Set(opened).size, 1);
  t.not(await room.open('/b', sizeOf(2)), opened[0]);
  const validator = { kind: 'etag', strong: true, value: '"other"' } as const;
  t.not(await room.open('/a', sizeOf(2), { validator }), opened[0], 'another validator');
  for (const generation of opened) generation.release();
});

t.test('an idle generation stays open for a while, then is closed', async (t) => {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock });
  const first = await room.open('/a', sizeOf(2));
  first.release();
  t.equal(await room.open('/a', sizeOf(2)), first, 'found again');
  first.release();
  clock.advance(60_000);
  const second = await room.open('/a', sizeOf(2));
  t.ok(!first.isClosed || second !== first);
  second.release();
  room.generations.closeIdle();
  t.ok(second.isClosed);
  t.not(await room.open('/a', sizeOf(2)), second);
});

t.test('opening an idle generation renews the time that it stays open', async (t) => {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock });
  // An LRU takes the time 0 for none.
  clock.advance(1);
  const [touched, other] = [await room.open('/a', sizeOf(2)), await room.open('/b', sizeOf(2))];
  touched.release();
  other.release();
  clock.advance(20_000);
  t.ok(room.generations.touch(touched));
  clock.advance(20_000);
  // Those that expired go when another becomes idle.
  (await room.open('/c', sizeOf(2))).release();
  t.ok(other.isClosed);
  t.notOk(room.generations.touch(other));
  t.notOk(touched.isClosed);
  clock.advance(31_000);
  (await room.open('/c', sizeOf(2))).release();
  t.ok(touched.isClosed, 'not for ever');
});

t.test('pressure closes idle ones, not those in use', async (t) => {
  const room = await startRoom(t);
  const used = await room.open('/a', sizeOf(2));
  const idle = await room.open('/b', sizeOf(2));
  idle.release();
  room.services.pressure.relieve('read-ahead');
  t.ok(idle.isClosed);
  t.notOk(used.isClosed);
  used.release();
});

t.test('a generation that ended is reported once and not found again', async (t) => {
  const room = await startRoom(t);
  const ended = await room.open('/a', sizeOf(2));
  ended.end('replaced', CHANGED);
  ended.end('digest-mismatch', CHANGED);
  t.same(room.events, ['ended replaced'], 'once');
  const next = await room.open('/a', sizeOf(2));
  t.not(next, ended);
  ended.release();
  t.ok(ended.isClosed);
  next.release();
});

t.test('an object whose digest mismatched is verified whole before a release', async (t) => {
  const room = await startRoom(t);
  const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  const bad = await room.open('/a', sizeOf(2), { digest });
  t.notOk(bad.integrity.strict);
  bad.end('digest-mismatch', CHANGED);
  bad.release();
  const suspect = await room.open('/a', sizeOf(2), { digest });
  t.ok(suspect.integrity.strict);
  suspect.release();
});

t.test('a generation whose length becomes known is found and purged under it', async (t) => {
  const room = await startRoom(t);
  const known = room.identity('/a', sizeOf(1), { uniqueToken: 'token' });
  const options = { ephemeral: false, fetchContext: room.fetchContext('/a') };
  const first = await room.generations.open({ ...known, lengthBytes: null }, options);
  await first.complete(sizeOf(1));
  const second = await room.generations.open(known, options);
  t.equal(second, first);
  await room.generations.purge(known);
  t.equal(first.endReason, 'purged');
  first.release();
  first.release();
  t.ok(first.isClosed);
});

t.test('a generation that ends while its length is learnt leaves no object', async (t) => {
  const room = await startRoom(t);
  const known = room.identity('/a', sizeOf(1), { uniqueToken: 'token' });
  const options = { ephemeral: false, fetchContext: room.fetchContext('/a') };
  const generation = await room.generations.open({ ...known, lengthBytes: null }, options);
  const removals = t.capture(room.chunks, 'remove', room.chunks.remove.bind(room.chunks));
  const completing = generation.complete(sizeOf(1));
  generation.end('purged', CHANGED);
  await completing;
  t.same(
    removals().map(({ args }) => args[0].identity.lengthBytes),
    [null, sizeOf(1)],
    'the object under both of its names',
  );
  generation.release();
});

t.test('two generations that turn out to be one object are both purged', async (t) => {
  const room = await startRoom(t);
  const known = room.identity('/a', sizeOf(1), { uniqueToken: 'token' });
  const options = { ephemeral: false, fetchContext: room.fetchContext('/a') };
  const growing = await room.generations.open({ ...known, lengthBytes: null }, options);
  const other = await room.generations.open(known, options);
  await growing.complete(sizeOf(1));
  await room.generations.purge(known);
  t.same([growing.endReason, other.endReason], ['purged', 'purged']);
  growing.release();
  other.release();
});

t.test('an ephemeral generation is closed as soon as it is idle', async (t) => {
  const room = await startRoom(t);
  const identity = room.identity('/a', sizeOf(2), { uniqueToken: 'token' });
  const options = { ephemeral: true, fetchContext: room.fetchContext('/a') };
  const generation = await room.generations.open(identity, options);
  t.equal(room.chunks.usage().chunks, 0);
  generation.release();
  t.ok(generation.isClosed);
});

t.test('a generation of a lax origin is not reused once the origin is strict', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const digest: Digest = { algorithm: 'sha256', hex: 'a'.repeat(64) };
  const lax = await room.open('/a', sizeOf(1), { digest });
  lax.release();
  t.notOk(lax.isStrict);
  const strict = new Upstreams({ via: '1.1 x', clock: room.services.clock }, [
    {
      name: 'origin',
      url: room.origin.url,
      maxConnections: 1,
      redirectHosts: [],
      allowPrivateRedirects: false,
      headers: {},
      integrity: 'strict',
      pinned: [],
      digests: [],
    },
  ]).get('origin');
  const source = strict?.source(strict.uriOf('/a'), {});
  t.ok(source);
  if (source === undefined) return;
  const fetchContext = room.fetchContext('/a', { source });
  const identity = room.identity('/a', sizeOf(1), { digest });
  const generation = await room.generations.open(identity, { ephemeral: false, fetchContext });
  t.ok(generation.isStrict);
  generation.release();
});

t.test('closeIdle also closes idle generations whose time has run out', async (t) => {
  const clock = new ManualClock();
  // lru-cache takes 0 for no time at all.
  clock.advance(1);
  const room = await startRoom(t, { clock });
  const idle = await room.open('/a', sizeOf(2));
  idle.release();
  clock.advance(60_000);
  room.services.pressure.relieve('read-ahead');
  t.ok(idle.isClosed);
});
