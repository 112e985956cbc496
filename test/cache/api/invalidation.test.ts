import t from 'tap';
import { invalidatedUris, Invalidations } from '#src/cache/api/invalidation.js';
import { Purges } from '#src/cache/api/purges.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { ResponseKey } from '#src/model/ids.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';

/** Metadata alone: whether chunks are held does not matter. */
const HEAD = { method: 'HEAD', hint: { kind: 'none' } } as const;

const TARGET = 'http://origin.example/dir/a?x=1';

const uris = (status: number, headers: Record<string, string> = {}) =>
  invalidatedUris(TARGET, status, toHeaderMap(headers));

t.test('a successful unsafe request invalidates its target, a failed one nothing', async (t) => {
  for (const status of [200, 201, 204, 303, 399]) t.same(uris(status), [TARGET], String(status));
  for (const status of [400, 404, 412, 500, 999]) t.same(uris(status), [], String(status));
});

t.test('Location and Content-Location of the same origin are invalidated', async (t) => {
  t.same(uris(201, { location: 'b', 'content-location': '/c#part' }), [
    TARGET,
    'http://origin.example/dir/b',
    'http://origin.example/c',
  ]);
  const utf8 = Buffer.from('模').toString('latin1');
  t.same(uris(201, { location: utf8 }), [TARGET, 'http://origin.example/dir/%E6%A8%A1']);
  t.same(uris(201, { location: '?x=1', 'content-location': TARGET }), [TARGET], 'each once');
  for (const location of [
    'http://other.example/b',
    'https://origin.example/b',
    'http://origin.example:81/b',
    'http://[bad',
  ]) {
    t.same(uris(201, { location }), [TARGET], location);
  }
});

t.test('an invalidation starts a new epoch of its URL alone', async (t) => {
  const invalidations = new Invalidations(new Purges());
  const [a, b] = ['a', 'b'] as ResponseKey[] as [ResponseKey, ResponseKey];
  const before = invalidations.epochOf(a);
  invalidations.invalidate(a);
  t.notSame(invalidations.epochOf(a), before);
  t.same(invalidations.epochOf(b), before);
});

t.test('a response requested before an invalidation is not stored after it', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: -1, gate });
  const early = room.cache.lookup(room.request('/a'));
  await gate.reached;
  const response = { status: 204, headers: toHeaderMap({}) };
  await room.cache.invalidate({ origin: 'origin', target: '/a' }, response);
  room.origin.objects.set('/a', fresh(2, 2, { etag: '"new"' }));
  const late = room.cache.lookup(room.request('/a'));
  const fetched = await late;
  t.equal(fetched.body.lengthBytes, sizeOf(2), 'a later request starts a contact of its own');
  gate.open();
  (await early).body.close();
  fetched.body.close();
  const third = await room.cache.lookup(room.request('/a', HEAD));
  t.equal(third.outcome.kind, 'hit', 'the earlier answer did not come back');
  t.equal(third.headers['etag'], '"new"');
  third.body.close();
});

t.test('a Location field invalidates the stored response it names', async (t) => {
  const room = await startRoom(t, { objects: { '/dir/a': fresh(1, 1) } });
  const get = async () => {
    const answer = await room.cache.lookup(room.request('/dir/a', HEAD));
    answer.body.close();
    return answer.outcome.kind;
  };
  t.equal(await get(), 'forward');
  const headers = toHeaderMap({ location: '/dir/a' });
  await room.cache.invalidate({ origin: 'origin', target: '/other' }, { status: 500, headers });
  await room.cache.invalidate({ origin: 'nobody', target: '/other' }, { status: 200, headers });
  t.equal(await get(), 'hit');
  await room.cache.invalidate({ origin: 'origin', target: '/other' }, { status: 201, headers });
  t.equal(await get(), 'forward');
});
