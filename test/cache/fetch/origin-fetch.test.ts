import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../../fixtures/running.js';
import { bytesOf, FRESH, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import type { Action, ObjectSpec } from '../../fixtures/scripted-origin.js';

t.test("redirects are followed to the origin's own host and to allowed hosts", async (t) => {
  const cdn = await runOrigin(t, { '/blob': fresh(1, 3) });
  const origin = await runOrigin(t, { '/b': fresh(2, 2) });
  const redirect = (path: string, to: string) => {
    origin.script({ path, actions: [{ kind: 'redirect', to }] });
  };
  redirect('/own', '/b');
  redirect('/cdn', `http://localhost:${String(cdn.port)}/blob`);
  redirect('/elsewhere', 'http://elsewhere.invalid/');
  redirect('/loop', '/loop');
  const originKeys = {
    redirectHosts: ['localhost'],
    allowPrivateRedirects: true,
    headers: { 'x-secret': 'key' },
  };
  const forebay = await startForebay(t, { origin, originKeys });
  t.ok((await forebay.get('/own')).body.equals(bytesOf(2, 2)));
  const headers = { authorization: 'Bearer a' };
  t.ok((await forebay.get('/cdn', { headers })).body.equals(bytesOf(1, 3)));
  t.ok(cdn.requests.length > 0);
  for (const request of cdn.requests) {
    t.same(
      [request.headers['authorization'], request.headers['x-secret']],
      [undefined, undefined],
      'secrets stay with the origin',
    );
  }
  t.equal(
    origin.requests.filter(({ path }) => path === '/cdn').length,
    1,
    'asked once, not per chunk',
  );
  const refused = await forebay.get('/elsewhere');
  t.equal(refused.status, 502);
  t.match(refused.headers['cache-status'], /origin-redirect-refused/);
  const loop = await forebay.get('/loop');
  t.equal(loop.status, 508);
  t.ok(origin.requests.filter(({ path }) => path === '/loop').length <= 7);
});

t.test('a signed location that expires in mid-object is resolved again', async (t) => {
  const origin = await runOrigin(t, { '/blob': fresh(1, 5) });
  origin.script({ path: '/a', actions: [{ kind: 'redirect', to: '/blob' }] });
  const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 1 } });
  origin.script({ path: '/blob', skip: 2, times: 1, actions: [{ kind: 'status', status: 403 }] });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 5)), describe(got));
  t.ok(origin.requests.filter(({ path }) => path === '/a').length >= 2);
});

t.test('401 and 403 are passed on, never stored, and never retried', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  for (const status of [401, 403]) {
    const fields = { 'WWW-Authenticate': 'Bearer', 'Cache-Control': 'public, max-age=60' };
    const remove = origin.next({ kind: 'status', status, fields }, 2);
    const before = origin.requests.length;
    for (const attempt of [1, 2]) {
      const got = await forebay.get('/a');
      t.equal(got.status, status);
      t.equal(got.headers['www-authenticate'], 'Bearer');
      t.equal(origin.requests.length - before, attempt, 'each asks the origin, once');
    }
    remove();
  }
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 1)));
});

t.test('a 404 passes with its text; it is stored only with explicit freshness', async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a');
  t.equal(got.status, 404);
  t.equal(got.body.toString(), 'no such object');
  await forebay.get('/a');
  t.equal(origin.requests.length, 2);
  const fields = { 'Cache-Control': FRESH };
  const remove = origin.script({ path: '/b', actions: [{ kind: 'status', status: 404, fields }] });
  t.equal((await forebay.get('/b')).status, 404);
  await forebay.holds(1);
  const again = await forebay.get('/b');
  t.equal(again.status, 404);
  t.match(again.headers['cache-status'], /hit/);
  t.equal(again.body.toString(), 'status 404');
  remove();
});

t.test('a 5xx is retried, then forwarded; a 429 is never stored', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const forebay = await startForebay(t, { origin });
  origin.next({ kind: 'status', status: 503, fields: { 'Retry-After': '0' } }, 2);
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 2)), 'two failures are invisible');
  for (const status of [429, 500]) {
    const path = `/${String(status)}`;
    origin.objects.set(path, fresh(2, 1));
    const remove = origin.script({ path, actions: [{ kind: 'status', status }] });
    t.equal((await forebay.get(path)).status, status);
    remove();
    t.ok((await forebay.get(path)).body.equals(bytesOf(2, 1)), 'nothing of it stuck');
  }
});

t.test('an error with explicit freshness is forwarded at once and stored', async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  for (const status of [500, 503]) {
    const path = `/${String(status)}`;
    const fields = { 'Cache-Control': FRESH };
    origin.script({ path, actions: [{ kind: 'status', status, fields }] });
    t.equal((await forebay.get(path)).status, status);
    t.equal((await forebay.get(path)).status, status);
    t.equal(origin.requests.filter((request) => request.path === path).length, 1);
  }
});

t.test('a stale object costs no body with a 304, and is replaced otherwise', async (t) => {
  const cacheControl = 'max-age=0';
  const origin = await runOrigin(t, { '/a': fresh(1, 2, { cacheControl, etag: '"one"' }) });
  const forebay = await startForebay(t, { origin });
  await forebay.get('/a');
  await forebay.holds(2);
  const again = await forebay.get('/a');
  t.ok(again.body.equals(bytesOf(1, 2)));
  t.match(again.headers['cache-status'], /fwd=stale;fwd-status=304/);
  t.equal(origin.bodyBytes, sizeOf(2));
  origin.objects.set('/a', fresh(2, 3, { cacheControl, etag: '"two"' }));
  const changed = await forebay.get('/a');
  t.ok(changed.body.equals(bytesOf(2, 3)), describe(changed));
  t.equal(changed.headers.etag, '"two"');
  t.ok((await forebay.range('/a', C, C + 9)).equals(bytesOf(2, 3).subarray(C, C + 9)));
});

t.test('a fresh answer to a request that says no-cache is revalidated', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  await forebay.get('/a');
  await forebay.holds(1);
  const got = await forebay.get('/a', { headers: { 'cache-control': 'no-cache' } });
  t.match(got.headers['cache-status'], /fwd-status=304/);
  t.ok(got.body.equals(bytesOf(1, 1)));
});

interface Oddity {
  readonly spec?: Partial<ObjectSpec>;
  readonly actions?: readonly Action[];
  readonly times?: number;
}

const ODD: Readonly<Record<string, Oddity>> = {
  'no ranges': { spec: { ranges: false } },
  'no validators': { spec: { etag: null, lastModified: null } },
  'a weak ETag': { spec: { etag: 'W/"x"', lastModified: null } },
  'a weak ETag, no ranges': { spec: { etag: 'W/"x"', lastModified: null, ranges: false } },
  chunked: { spec: { ranges: false }, actions: [{ kind: 'chunked' }] },
  'chunked, no validators': {
    spec: { etag: null, lastModified: null, ranges: false },
    actions: [{ kind: 'chunked' }],
  },
  'close-delimited': { spec: { ranges: false }, actions: [{ kind: 'close-delimited' }] },
  'ranges without a complete length': { actions: [{ kind: 'content-range', complete: '*' }] },
  'shorter ranges': { actions: [{ kind: 'shorter-range', bytes: 1000 }], times: 3 },
  'an interim response': { actions: [{ kind: 'interim', status: 103 }] },
};

for (const [name, { spec, actions, times = Infinity }] of Object.entries(ODD)) {
  t.test(`an origin of each kind is served: ${name}`, async (t) => {
    const origin = await runOrigin(t, { '/a': fresh(1, 4, spec) });
    if (actions !== undefined) origin.script({ actions, times });
    const forebay = await startForebay(t, { origin });
    const clients = await Promise.all([1, 2, 3].map(() => forebay.get('/a')));
    for (const got of clients) t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
    await forebay.holds(4);
    const cost = origin.bodyBytes;
    const again = await forebay.get('/a');
    t.ok(again.body.equals(bytesOf(1, 4)), describe(again));
    const part = await forebay.range('/a', C - 1, 2 * C + 1);
    t.ok(part.equals(bytesOf(1, 4).subarray(C - 1, 2 * C + 1)));
    t.equal(origin.bodyBytes, cost, 'held whole by now');
    t.ok(cost <= 2 * sizeOf(4), `one fetch, and what told how to fetch: ${String(cost)}`);
  });
}

t.test('an object that exists only in a coded form is stored and served in it', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  origin.script({ actions: [{ kind: 'fields', fields: { 'Content-Encoding': 'gzip' } }] });
  const forebay = await startForebay(t, { origin });
  for (const coding of ['identity', 'gzip']) {
    const got = await forebay.get('/a', { headers: { 'accept-encoding': coding } });
    t.ok(got.body.equals(bytesOf(1, 3)), describe(got));
    t.equal(got.headers['content-encoding'], 'gzip');
    await forebay.holds(3);
  }
  const part = await forebay.get('/a', { headers: { range: 'bytes=100-199' } });
  t.same([part.status, part.headers['content-encoding']], [206, 'gzip']);
  t.ok(part.body.equals(bytesOf(1, 3).subarray(100, 200)), 'positions are in the coded form');
  t.equal(origin.bodyBytes, sizeOf(3));
});

t.test('a coding that changes under one ETag is a change, and mixes no bytes', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const fields = { 'Content-Encoding': 'gzip' };
  origin.script({
    when: ({ range }) => range?.startsWith(`bytes=${String(C)}`) === true,
    actions: [{ kind: 'fields', fields }],
  });
  const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 1 } });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 3)) && !got.aborted, describe(got));
  t.equal(got.headers['content-encoding'], undefined);
  t.equal(origin.requests.at(-1)?.range, undefined, 'the rest is of one answer');
});

t.test('an origin that fails repeatedly is not contacted for a while', async (t) => {
  const origin = await runOrigin(t, {});
  await origin.close();
  const forebay = await startForebay(t, {
    origins: [{ name: 'down', url: 'http://127.0.0.1:9' }],
    fill: { maxAttempts: 1 },
  });
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 7; attempt += 1) statuses.push((await forebay.get('/a')).status);
  t.same(statuses, [502, 502, 502, 502, 502, 503, 503]);
  t.ok((await forebay.get('/a')).headers['retry-after']);
});

t.test('an object unlocked behind a redirect is served to no other client', async (t) => {
  const origin = await runOrigin(t, {
    '/blob': fresh(1, 1, { cacheControl: 'public, max-age=600' }),
  });
  origin.script({ path: '/a', actions: [{ kind: 'redirect', to: '/blob' }] });
  const forebay = await startForebay(t, { origin });
  const headers = { authorization: 'Bearer a' };
  t.ok((await forebay.get('/a', { headers })).body.equals(bytesOf(1, 1)));
  const context = origin.requests.filter(({ path }) => path === '/a').length;
  const other = await forebay.get('/a');
  t.notMatch(other.headers['cache-status'], /forebay;hit/);
  t.ok(
    origin.requests.filter(({ path }) => path === '/a').length > context,
    'the origin was asked',
  );
});

t.test('an origin that requests a long wait is contacted once, its answer sent', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const forebay = await startForebay(t, { origin });
  for (const [status, fields] of [
    [429, { RateLimit: '"api";r=0;t=55', 'RateLimit-Policy': '"api";q=9;w=60' }],
    [503, { 'Retry-After': '55' }],
  ] as const) {
    const before = origin.requests.length;
    origin.next({ kind: 'status', status, fields, body: 'later' });
    const got = await forebay.get('/a');
    t.equal(got.status, status);
    const told = Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]);
    t.match(got.headers, Object.fromEntries(told) as object);
    t.equal(got.body.toString(), 'later');
    t.equal(origin.requests.length - before, 1);
  }
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 2)), 'nothing of it stuck');
});
