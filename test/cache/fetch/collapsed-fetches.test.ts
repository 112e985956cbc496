import t from 'tap';
import { CollapsedFetches } from '#src/cache/fetch/collapsed-fetches.js';
import { ResponseRecording } from '#src/cache/fetch/response-recording.js';
import type { RequestContext } from '#src/cache/fetch/request-context.js';
import { Cost } from '#src/cache/flight/cost.js';
import { Invalidations } from '#src/cache/api/invalidation.js';
import { Cache } from '#src/cache/answer/cache.js';
import { deferred } from '#src/model/deferred.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { ResponseStore } from '#src/model/store.js';
import { responseKey } from '#src/store/objects/keys.js';
import { describe, startForebay } from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { type Room, startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

function ask(room: Room, path: string, headers: Record<string, string> = {}): RequestContext {
  const { upstream } = room;
  const request = room.request(path, { headers: toHeaderMap(headers) });
  const uri = upstream.uriOf(path);
  return {
    request,
    upstream,
    source: upstream.source(uri, request.headers),
    key: responseKey(upstream.name, uri),
    epoch: { invalidated: 0, purged: room.services.purges.epoch },
    alone: false,
    again: false,
    record: undefined,
    cost: new Cost(),
  };
}

function fetchesOf({ services, generations }: Room): CollapsedFetches {
  const invalidations = new Invalidations(services.purges);
  return new CollapsedFetches(
    services,
    generations,
    new ResponseRecording(services, invalidations),
  );
}

/** Several ask while the head of the first answer is held back. */
async function together(room: Room, context: readonly RequestContext[]) {
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: -1, gate });
  const fetches = fetchesOf(room);
  const asking = context.map((one) => fetches.ask(one, []));
  await gate.reached;
  gate.open();
  return Promise.all(asking);
}

t.test('requests with equal credentials share one contact', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const results = await together(room, [ask(room, '/a'), ask(room, '/a')]);
  t.match(results, [{ collapsed: false }, { collapsed: true }]);
  t.equal(room.origin.requests.length, 1);
});

t.test('requests with other credentials need a contact of their own', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  await together(room, [ask(room, '/a'), ask(room, '/a', { authorization: 'Bearer x' })]);
  t.equal(room.origin.requests.length, 2);
});

t.test('an unshareable response is requested again by each waiting request', async (t) => {
  const room = await startRoom(t, {
    objects: { '/a': fresh(1, 1, { cacheControl: 'no-store' }) },
  });
  const context = [1, 2, 3].map(() => ask(room, '/a'));
  const replies = await together(room, context);
  t.same(
    replies.map(({ kind }) => kind),
    ['answered', 'not-shared', 'not-shared'],
  );
  const fetches = fetchesOf(room);
  const alone = await Promise.all(context.map((one) => fetches.ask({ ...one, alone: true }, [])));
  t.ok(alone.every((reply) => reply.kind === 'answered' && !reply.collapsed));
  t.equal(room.origin.requests.length, 4);
});

t.test('a refusal, and another variant, are for the requesting client alone', async (t) => {
  const room = await startRoom(t, {
    objects: { '/a': fresh(1, 1), '/v': fresh(1, 1, { fields: { Vary: 'X-Kind' } }) },
  });
  room.origin.script({ path: '/a', times: 1, actions: [{ kind: 'status', status: 403 }] });
  const fetches = fetchesOf(room);
  const kinds = await Promise.all([1, 2].map(() => fetches.ask(ask(room, '/a'), [])));
  t.match(kinds, [
    { kind: 'answered', result: { kind: 'representation', originStatus: 403 } },
    { kind: 'not-shared' },
  ]);
  const variants = await Promise.all(
    ['one', 'two'].map((kind) => fetches.ask(ask(room, '/v', { 'x-kind': kind }), [])),
  );
  t.match(variants, [{ kind: 'answered', collapsed: false }, { kind: 'not-shared' }]);
});

t.test('the newest variant comes first, and replaces its own predecessor', async (t) => {
  const room = await startRoom(t, {
    objects: { '/v': fresh(1, 1, { fields: { Vary: 'X-Kind' } }) },
  });
  const fetches = fetchesOf(room);
  for (const kind of ['one', 'two', 'one']) {
    await fetches.ask({ ...ask(room, '/v', { 'x-kind': kind }), again: true }, []);
  }
  const record = await room.responses.get(ask(room, '/v').key);
  t.same(
    record?.variants.map(({ requestHeaders }) => requestHeaders['x-kind']),
    ['one', 'two'].map((kind) => room.services.tag('x-kind', kind)),
  );
});

t.test('a body without a length is joined while it arrives', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3, { ranges: false }) } });
  const gate = createGate();
  const actions = [{ kind: 'chunked' }, { kind: 'gate', at: 1_500_000, gate }] as const;
  room.origin.script({ actions });
  const fetches = fetchesOf(room);
  const first = ask(room, '/a');
  await fetches.ask(first, []);
  await gate.reached;
  t.ok(fetches.arriving(ask(room, '/a')), 'others find it');
  t.equal(fetches.arriving(ask(room, '/b')), undefined);
  const intake = fetches.arriving(first)?.generation.intake;
  gate.open();
  t.equal(await intake?.whenEnded, undefined);
  await waitUntil('the body has arrived', () => fetches.arriving(first) === undefined);
  const record = await room.responses.get(first.key);
  t.equal(record?.variants[0]?.object.lengthBytes, sizeOf(3), 'recorded when whole');
});

t.test('a request past the end does not spoil those that joined it', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const gate = createGate();
  origin.next({ kind: 'gate', at: -1, gate });
  const forebay = await startForebay(t, { origin });
  const past = forebay.get('/a', { headers: { range: 'bytes=99999999-' } });
  await gate.reached;
  const whole = forebay.get('/a');
  await forebay.until((found) => found.get('forebay_inflight_requests') === 2);
  gate.open();
  t.equal((await past).status, 416);
  t.ok((await whole).body.equals(bytesOf(1, 2)), describe(await whole));
  const resumed = await forebay.get('/b-not-there', { headers: { range: 'bytes=5-' } });
  t.equal(resumed.status, 404);
});

t.test('the reason for not sharing is reported once, whatever is requested', async (t) => {
  const room = await startRoom(t, {});
  const fields = { 'Set-Cookie': 'node=1' };
  const fetches = fetchesOf(room);
  for (const path of ['/a', '/b', '/a']) {
    room.origin.objects.set(path, fresh(1, 1, { cacheControl: '', fields }));
    await fetches.ask(ask(room, path), []);
  }
  const said = room.events.filter((text) => text.includes('not shared'));
  t.same(said, [`${room.upstream.name} is not shared: Set-Cookie`]);
});

t.test('a redirect that must be revalidated is requested again by waiting requests', async (t) => {
  const room = await startRoom(t, { objects: { '/blob': fresh(1, 1) } });
  const fields = { Location: '/blob', 'Cache-Control': 'no-cache' };
  room.origin.script({ path: '/a', actions: [{ kind: 'status', status: 302, fields }] });
  const [first, second] = await together(room, [ask(room, '/a'), ask(room, '/a')]);
  t.equal(first?.kind, 'answered');
  t.equal(second?.kind, 'not-shared');
});

t.test('a request with a key, or with no-cache, joins no request without one', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const manners = [{}, { 'x-odd': '1' }, { 'private-token': 'a' }, { 'cache-control': 'no-cache' }];
  await together(
    room,
    manners.map((headers) => ask(room, '/a', headers)),
  );
  t.equal(room.origin.requests.length, manners.length);
});

t.test("a lookup older than another contact's end is repeated without a contact", async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const fetches = fetchesOf(room);
  // Both looked, and found nothing; the contact of the one ends before the other comes to ask.
  const [early, late] = [ask(room, '/a'), ask(room, '/a')];
  t.match(await fetches.ask(early, []), { kind: 'answered', collapsed: false });
  t.same(await fetches.ask(late, []), { kind: 'stored-since' });
  t.equal(room.origin.requests.length, 1);
  t.match(await fetches.ask({ ...late, again: true }, []), { kind: 'answered' }, 'once');
  const forced = ask(room, '/a', { 'cache-control': 'no-cache' });
  t.match(await fetches.ask(forced, []), { kind: 'answered' }, 'what it may not use is none');
});

t.test("a lookup slower than another request's contact starts no second contact", async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const { responses } = room;
  const slow = deferred<undefined>();
  let isNext = false;
  const slowly: ResponseStore = {
    count: 0,
    hot: (key) => responses.hot(key),
    peek: (key) => responses.peek(key),
    update: (key, change) => responses.update(key, change),
    settled: () => responses.settled(),
    delete: (key) => responses.delete(key),
    entries: () => responses.entries(),
    get: async (key) => {
      const found = await responses.get(key);
      // It has looked by now, and hears of what it saw after the other was answered.
      const isSlow = isNext;
      isNext = false;
      if (isSlow) await slow.promise;
      return found;
    },
  };
  const upstreams = { get: () => room.upstream, all: [room.upstream] };
  const cache = new Cache({ ...room.services, responses: slowly }, upstreams, 'us');
  t.teardown(() => cache.close());
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: -1, gate });
  const first = cache.lookup(room.request('/a'));
  await gate.reached;
  isNext = true;
  const second = cache.lookup(room.request('/a'));
  gate.open();
  const answer = await first;
  await answer.body.landed?.();
  answer.body.close();
  slow.resolve(undefined);
  const other = await second;
  other.body.close();
  t.equal(room.origin.requests.length, 1);
});
