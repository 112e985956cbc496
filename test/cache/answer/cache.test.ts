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

t.test('a second request is a hit and has an Age field', async (t) => {
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

t.test('concurrent requests share one contact and one fetch of each chunk', async (t) => {
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

t.test('followers get the whole object when the leading client disconnects', async (t) => {
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

t.test('followers get an answer when the leader disconnects before the head comes', async (t) => {
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

t.test('a 304 updates the stored response although the client that led has left', async (t) => {
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

t.test('a stale response is served for a while when the origin does not answer', async (t) => {
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

t.test('a stale response under an open breaker reports that nothing was sent', async (t) => {
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

t.test('private and no-store responses are fetched by each client separately', async (t) => {
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

t.test('a response to a request with Authorization is shared only if it is public', async (t) => {
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
  t.ok((await ask('/private', 'a')).body.equals(bytesOf(1, 2)), 'fetched again');
  const before = origin.bodyBytes;
  await ask('/public', 'a');
  await forebay.holds(2);
  t.ok((await ask('/public', 'b')).body.equals(bytesOf(2, 2)));
  t.equal(origin.bodyBytes - before, sizeOf(2));
});

t.test('HEAD of an object that is not stored costs one byte', async (t) => {
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

t.test('a range of an object that is not stored is answered', async (t) => {
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

t.test('an empty object is stored and answered as a hit', async (t) => {
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

t.test('a request whose Via contains this process is refused', async (t) => {
  const room = await startRoom(t);
  const headers = toHeaderMap({ via: '1.1 other, 1.1 forebay-test' });
  await t.rejects(room.cache.lookup(room.request('/a', { headers })), { code: 'origin-loop' });
  await t.rejects(room.cache.lookup(room.request('/a', { origin: 'nobody' })), RangeError);
  t.equal(room.origin.requests.length, 0);
});

t.test('a slow reader of an uncacheable body bounds the memory that its fetch takes', async (t) => {
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

t.test('an origin that stays unreachable leads to an error that names the failure', async (t) => {
  const room = await startRoom(t);
  await room.origin.close();
  await t.rejects(room.cache.lookup(room.request('/a')), { code: 'origin-connect' });
});

t.test('a range of an uncacheable body without a length gets the whole body', async (t) => {
  const origin = await runOrigin(t, {
    '/a': fresh(1, 8, { cacheControl: 'no-store', ranges: false }),
  });
  origin.script({ actions: [{ kind: 'chunked' }] });
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a', { headers: { range: 'bytes=7000000-7000009' } });
  t.equal(got.status, 200, describe(got));
  t.ok(got.body.equals(bytesOf(1, 8)));
});
