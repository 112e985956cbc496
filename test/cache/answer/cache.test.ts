import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { responseKey } from '#src/store/objects/keys.js';
import {
  describe,
  readWhole,
  RUNNING_CHUNK_BYTES as C,
  startForebay,
} from '../../fixtures/running.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { bytesOf, FRESH, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { eventually } from '../../fixtures/store-eventually.js';

t.test('the second request is a hit, and says how old', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const forebay = await startForebay(t, { origin });
  const miss = await forebay.get('/a');
  t.ok(miss.body.equals(bytesOf(1, 3)), describe(miss));
  t.equal(miss.headers['cache-status'], 'forebay;fwd=uri-miss;fwd-status=206;stored');
  await forebay.holds(3);
  const hit = await forebay.get('/a');
  t.ok(hit.body.equals(miss.body), describe(hit));
  t.match(hit.headers['cache-status'], /^forebay;hit;ttl=3[56]\d\d$/);
  t.match(hit.headers.age, /^\d+$/);
  t.equal(hit.headers.etag, miss.headers.etag);
  t.equal(origin.bodyBytes, sizeOf(3));
});

t.test('who asks at the same time shares one contact and one fetch of each chunk', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 100, gate });
  const forebay = await startForebay(t, { origin });
  const first = forebay.get('/a');
  await gate.reached;
  const others = Array.from({ length: 7 }, () => forebay.get('/a'));
  await forebay.until((found) => found.get('forebay_inflight_requests') === 8);
  gate.open();
  for (const got of await Promise.all([first, ...others])) {
    t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
  }
  t.equal(origin.bodyBytes, sizeOf(4));
  t.equal(origin.requests.length, 4);
});

t.test('requests that wait on the same head are collapsed', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const gate = createGate();
  origin.next({ kind: 'gate', at: -1, gate });
  const forebay = await startForebay(t, { origin });
  const context = [1, 2, 3].map(() => forebay.get('/a'));
  await gate.reached;
  await forebay.until((found) => found.get('forebay_inflight_requests') === 3);
  gate.open();
  const statuses = (await Promise.all(context)).map((got) => String(got.headers['cache-status']));
  t.equal(statuses.filter((text) => text.includes('collapsed')).length, 2, statuses.join(' | '));
  t.equal(origin.bodyBytes, sizeOf(2));
});

t.test('the client whose request led leaves: the others get everything', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const gate = createGate();
  const actions = [{ kind: 'gate', at: 1000, gate }] as const;
  origin.script({ when: ({ range }) => range?.startsWith(`bytes=${String(C)}`) === true, actions });
  const forebay = await startForebay(t, { origin });
  const leader = await forebay.open('/a');
  await gate.reached;
  const follower = await forebay.open('/a');
  leader.leave();
  await forebay.until((found) => found.get('forebay_inflight_requests') === 1);
  gate.open();
  const got = await readWhole(follower.response);
  t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
  t.equal(origin.bodyBytes, sizeOf(4), 'the chunk in flight was not fetched again');
});

t.test('the leader leaves before there is a head: its followers do not notice', async (t) => {
  const gate = createGate();
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  room.origin.next({ kind: 'gate', at: -1, gate });
  const controller = new AbortController();
  const leader = room.cache.lookup(room.request('/a', { signal: controller.signal }));
  await gate.reached;
  const follower = room.cache.lookup(room.request('/a'));
  controller.abort();
  await t.rejects(leader, { code: 'client-aborted' });
  gate.open();
  const answer = await follower;
  t.equal(answer.body.lengthBytes, sizeOf(2));
  answer.body.close();
});

t.test('what a 304 changes is stored although the client that led has left', async (t) => {
  const gate = createGate();
  const spec = fresh(1, 1, {
    cacheControl: 'max-age=0, must-revalidate',
    fields: { 'X-Said': '1' },
  });
  const room = await startRoom(t, { objects: { '/a': spec } });
  const first = await room.cache.lookup(room.request('/a'));
  first.body.close();
  room.origin.objects.set('/a', { ...spec, fields: { 'X-Said': '2' } });
  room.origin.next({ kind: 'gate', at: -1, gate });
  const controller = new AbortController();
  const leader = room.cache.lookup(room.request('/a', { signal: controller.signal }));
  await gate.reached;
  controller.abort();
  await t.rejects(leader, { code: 'client-aborted' });
  gate.open();
  const key = responseKey('origin', room.upstream.uriOf('/a'));
  let said: unknown;
  const isStored = (): boolean => {
    void room.responses.get(key).then((record) => {
      said = record?.variants[0]?.headers['x-said'];
    });
    return said === '2';
  };
  t.ok(await eventually(isStored));
  t.equal(room.origin.requests.at(-1)?.status, 304);
});

t.test('a stale response stands in for an origin that says nothing for a while', async (t) => {
  const gate = createGate();
  const clock = new ManualClock();
  const spec = fresh(1, 1, { cacheControl: 'max-age=0' });
  const room = await startRoom(t, { clock, objects: { '/a': spec } });
  const first = await room.cache.lookup(room.request('/a'));
  first.body.close();
  t.ok(await eventually(() => room.chunks.usage().chunks === 1));
  room.origin.next({ kind: 'gate', at: -1, gate });
  clock.advance(5_000);
  const asking = room.cache.lookup(room.request('/a'));
  await gate.reached;
  clock.advance(2_000);
  const answer = await asking;
  t.match(answer.outcome, { kind: 'forward', reason: 'stale', detail: 'origin-timeout' });
  answer.body.close();
  gate.open();
});

t.test('a stale answer for an origin that is left alone says that nobody was asked', async (t) => {
  const spec = fresh(1, 1, { cacheControl: 'max-age=0' });
  const room = await startRoom(t, { objects: { '/a': spec } });
  const first = await room.cache.lookup(room.request('/a'));
  first.body.close();
  t.ok(await eventually(() => room.chunks.usage().chunks === 1));
  const { breaker } = room.upstream;
  for (let permit = breaker.ask(); permit.kind !== 'refused'; permit = breaker.ask()) {
    permit.settle('unreachable');
  }
  const answer = await room.cache.lookup(room.request('/a'));
  t.match(answer.outcome, { kind: 'hit', detail: 'origin-busy' });
  answer.body.close();
});

t.test('what is private or not to be stored is fetched by each for himself', async (t) => {
  for (const cacheControl of ['no-store', 'private, max-age=60']) {
    const origin = await runOrigin(t, { '/a': fresh(1, 2, { cacheControl }) });
    const forebay = await startForebay(t, { origin, directory: t.testdir() });
    const all = await Promise.all([1, 2, 3].map(() => forebay.get('/a')));
    all.push(await forebay.get('/a'));
    for (const got of all) {
      t.ok(got.body.equals(bytesOf(1, 2)), describe(got));
      t.match(got.headers['cache-status'], /detail=not-storable/);
    }
    t.equal(origin.bodyBytes, all.length * sizeOf(2), cacheControl);
    t.equal((await forebay.metrics()).get('forebay_cache_chunks'), 0);
    await forebay.stop();
  }
});

t.test('each variant has its own bytes', async (t) => {
  const fields = { Vary: 'X-Kind' };
  const origin = await runOrigin(t, { '/a': fresh(1, 2, { fields, etag: '"one"' }) });
  const forebay = await startForebay(t, { origin });
  const ask = (kind: string) => forebay.get('/a', { headers: { 'x-kind': kind } });
  t.ok((await ask('one')).body.equals(bytesOf(1, 2)));
  origin.objects.set('/a', fresh(2, 3, { fields, etag: '"two"' }));
  const two = await ask('two');
  t.ok(two.body.equals(bytesOf(2, 3)), describe(two));
  t.match(two.headers['cache-status'], /fwd=vary-miss/);
  await forebay.holds(5);
  const again = await ask('one');
  t.ok(again.body.equals(bytesOf(1, 2)), describe(again));
  t.match(again.headers['cache-status'], /hit/);
  t.ok((await ask('two')).body.equals(bytesOf(2, 3)));
  t.equal(origin.bodyBytes, sizeOf(2) + sizeOf(3));
  t.ok(
    origin.requests.every(({ headers }) => headers['x-kind'] !== undefined),
    'fills repeat what selects the variant',
  );
});

t.test('with Authorization nothing is shared unless the origin says public', async (t) => {
  const origin = await runOrigin(t, {
    '/private': fresh(1, 2),
    '/public': fresh(2, 2, { cacheControl: `public, ${FRESH}` }),
  });
  const forebay = await startForebay(t, { origin });
  const ask = (path: string, token: string) =>
    forebay.get(path, { headers: { authorization: `Bearer ${token}` } });
  await ask('/private', 'a');
  const denied = origin.script({ path: '/private', actions: [{ kind: 'status', status: 403 }] });
  t.equal((await ask('/private', 'b')).status, 403);
  t.equal((await forebay.get('/private')).status, 403, 'anonymous too');
  denied();
  t.ok((await ask('/private', 'a')).body.equals(bytesOf(1, 2)), 'asked anew');
  const before = origin.bodyBytes;
  await ask('/public', 'a');
  await forebay.holds(2);
  t.ok((await ask('/public', 'b')).body.equals(bytesOf(2, 2)));
  t.equal(origin.bodyBytes - before, sizeOf(2));
});

t.test('HEAD of what nobody has fetched costs a byte', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const forebay = await startForebay(t, { origin });
  const head = await forebay.get('/a', { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(head.headers['content-length'], String(sizeOf(3)));
  t.equal(head.body.length, 0);
  t.ok(origin.bodyBytes <= 1, String(origin.bodyBytes));
  t.ok(origin.requests.every(({ method }) => method === 'GET'));
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 3)));
});

t.test('ranges of what nobody has fetched', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4), '/b': fresh(1, 4) });
  const forebay = await startForebay(t, { origin });
  const whole = bytesOf(1, 4);
  const suffix = await forebay.get('/a', { headers: { range: 'bytes=-5' } });
  t.equal(suffix.status, 206);
  t.ok(suffix.body.equals(whole.subarray(-5)), describe(suffix));
  t.ok(origin.bodyBytes <= 12_345 + 1, 'the last chunk, and a byte to learn the length');
  t.ok((await forebay.range('/b', C - 3, C + 3)).equals(whole.subarray(C - 3, C + 3)));
  t.ok((await forebay.range('/b', 2 * C, 2 * C + 1)).equals(whole.subarray(2 * C, 2 * C + 1)));
  const past = await forebay.get('/b', { headers: { range: `bytes=${String(sizeOf(4))}-` } });
  t.equal(past.status, 416);
  t.equal(past.headers['content-range'], `bytes */${String(sizeOf(4))}`);
  const cold = await runOrigin(t, { '/c': fresh(1, 1) });
  const other = await startForebay(t, { origin: cold, directory: t.testdir({}) });
  await forebay.stop();
  const unknown = await other.get('/c', { headers: { range: 'bytes=99000000-' } });
  t.equal(unknown.status, 416);
  t.equal(unknown.headers['content-range'], `bytes */${String(sizeOf(1))}`);
});

t.test('an empty object is an object', async (t) => {
  const origin = await runOrigin(t, { '/a': { bytes: Buffer.alloc(0), cacheControl: FRESH } });
  const forebay = await startForebay(t, { origin });
  for (const expected of [/fwd=/, /hit/]) {
    const got = await forebay.get('/a');
    t.equal(got.status, 200, describe(got));
    t.equal(got.headers['content-length'], '0');
    t.equal(got.headers['content-type'], 'application/octet-stream');
    t.match(got.headers['cache-status'], expected);
  }
  t.equal((await forebay.get('/a', { headers: { range: 'bytes=0-0' } })).status, 416);
});

t.test('a request that has been here before is not sent round again', async (t) => {
  const room = await startRoom(t);
  const headers = toHeaderMap({ via: '1.1 other, 1.1 forebay-test' });
  await t.rejects(room.cache.lookup(room.request('/a', { headers })), { code: 'origin-loop' });
  await t.rejects(room.cache.lookup(room.request('/a', { origin: 'nobody' })), RangeError);
  t.equal(room.origin.requests.length, 0);
});

t.test('a slow reader of what may not be stored is held to its pace', async (t) => {
  const cacheControl = 'no-store';
  const origin = await runOrigin(t, { '/a': fresh(1, 60, { cacheControl, ranges: false }) });
  const forebay = await startForebay(t, { origin, cache: { serveThroughMemory: '8MiB' } });
  const reader = await forebay.open('/a');
  await forebay.until((found) => (found.get('forebay_cache_memory_bytes') ?? 0) >= 4 * C);
  t.ok((await forebay.metric('forebay_cache_memory_bytes')) <= 8 * C);
  const got = await readWhole(reader.response);
  t.ok(got.body.equals(bytesOf(1, 60)), describe(got));
  await forebay.until((found) => found.get('forebay_cache_memory_bytes') === 0);
});

t.test('an origin that is down for good is an error that says so', async (t) => {
  const room = await startRoom(t);
  await room.origin.close();
  await t.rejects(room.cache.lookup(room.request('/a')), { code: 'origin-connect' });
});

t.test('a range of what may not be stored and has no length is answered whole', async (t) => {
  const origin = await runOrigin(t, {
    '/a': fresh(1, 8, { cacheControl: 'no-store', ranges: false }),
  });
  origin.script({ actions: [{ kind: 'chunked' }] });
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a', { headers: { range: 'bytes=7000000-7000009' } });
  t.equal(got.status, 200, describe(got));
  t.ok(got.body.equals(bytesOf(1, 8)));
});
