/** RFC 9111 section 3: storing responses in caches. */
import t from 'tap';
import { type Fields, isHit, type Reply, startScene, type Scene } from '../fixtures/rfc-scene.js';

const FRESH = { 'Cache-Control': 'max-age=60' };

/** Asks twice; true when the origin was asked once. */
async function isReused(scene: Scene, path: string, reply: Reply, request: Fields = {}) {
  scene.reply(path, reply);
  const first = await scene.get(path, request);
  const before = scene.seen(path).length;
  const second = await scene.get(path, request);
  if (first.status !== second.status) throw new Error(`${path}: ${String(second.status)}`);
  if (!first.body.equals(second.body)) throw new Error(`${path}: other content`);
  return scene.seen(path).length === before;
}

t.test('3 a final status is stored by its freshness, not by its name', async (t) => {
  const scene = await startScene(t);
  for (const status of [200, 203, 204, 299, 300, 400, 404, 410, 451, 499, 500, 503, 599, 999]) {
    t.ok(await isReused(scene, `/explicit-${String(status)}`, { status, fields: FRESH }));
    t.equal(scene.seen(`/explicit-${String(status)}`).length, 1, `${String(status)}: not retried`);
  }
  for (const status of [301, 302, 303, 307, 308]) {
    const reply = { status, fields: FRESH };
    t.ok(await isReused(scene, `/no-location-${String(status)}`, reply), String(status));
  }
  for (const status of [401, 403, 407, 429]) {
    const fields = { 'Cache-Control': 'public, max-age=60' };
    t.notOk(await isReused(scene, `/never-${String(status)}`, { status, fields }), String(status));
  }
});

t.test('3 without freshness only some statuses are stored', async (t) => {
  const scene = await startScene(t);
  const old = { 'Last-Modified': scene.date(-100_000) };
  for (const status of [200, 203, 204, 404, 405, 410, 414, 501]) {
    const path = `/heuristic-${String(status)}`;
    t.ok(await isReused(scene, path, { status, fields: old }), path);
  }
  for (const status of [201, 202, 302, 400, 500, 502, 599]) {
    const path = `/heuristic-${String(status)}`;
    t.notOk(await isReused(scene, path, { status, fields: old }), path);
  }
  const open = { ...old, 'Cache-Control': 'public' };
  t.ok(await isReused(scene, '/public-599', { status: 599, fields: open }), 'public allows it');
});

t.test('3 content of errors passes through whether stored or not', async (t) => {
  const scene = await startScene(t);
  for (const status of [400, 401, 403, 404, 416, 500]) {
    const path = `/error-${String(status)}`;
    scene.reply(path, { status, body: `why ${path}`, fields: { 'Content-Type': 'text/why' } });
    const got = await scene.get(path);
    t.equal(got.status, status);
    t.equal(got.body.toString(), `why ${path}`);
    t.equal(got.headers['content-type'], 'text/why');
  }
});

t.test('3 no-store, private and other directives forbid storing', async (t) => {
  const scene = await startScene(t);
  const cases: Record<string, Fields> = {
    '/no-store': { 'Cache-Control': 'no-store, max-age=60' },
    '/No-Store': { 'Cache-Control': 'max-age=60, No-STORE' },
    '/private': { 'Cache-Control': 'private, max-age=60' },
    '/vary-any': { ...FRESH, Vary: 'Accept, *' },
    '/cookie': { 'Set-Cookie': 'a=b', 'Last-Modified': scene.date(-100_000) },
    '/must-understand': { 'Cache-Control': 'must-understand, max-age=60' },
  };
  for (const [path, fields] of Object.entries(cases)) {
    const status = path === '/must-understand' ? 599 : 200;
    t.notOk(await isReused(scene, path, { status, fields }), path);
  }
  const understood = { 'Cache-Control': 'must-understand, no-store, max-age=60' };
  t.ok(await isReused(scene, '/understood', { fields: understood }), 'section 5.2.2.3');
  const cookie = { ...FRESH, 'Set-Cookie': 'a=b' };
  t.ok(await isReused(scene, '/fresh-cookie', { fields: cookie }), 'explicit freshness');
  t.notOk(
    await isReused(scene, '/asked', { fields: FRESH }, { 'cache-control': 'no-store' }),
    'a request can forbid it too',
  );
});

t.test('3.1 header fields are stored without hop-by-hop fields', async (t) => {
  const scene = await startScene(t);
  const fields = {
    ...FRESH,
    Connection: 'x-hop, close',
    'X-Hop': '1',
    'Keep-Alive': 'timeout=5',
    'Proxy-Authenticate': 'Basic',
    'Proxy-Authentication-Info': 'a',
    'Proxy-Connection': 'close',
    'Content-Range': 'nothing known',
    'X-Kept': 'yes',
  };
  scene.reply('/fields', { fields });
  await scene.get('/fields');
  await scene.stored('/fields');
  const got = await scene.get('/fields');
  t.ok(isHit(got));
  t.equal(got.headers['x-kept'], 'yes');
  t.equal(got.headers['content-range'], 'nothing known', 'without meaning in a 200');
  const gone = ['x-hop', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-connection'];
  for (const name of gone) t.equal(got.headers[name], undefined, name);
});

t.test('3.1 fields that private or no-cache name go to the first client alone', async (t) => {
  const scene = await startScene(t);
  for (const name of ['private', 'no-cache']) {
    const fields = { 'Cache-Control': `max-age=60, ${name}="X-Mine, x-other"`, 'X-Mine': 'you' };
    const path = `/${name}-fields`;
    scene.reply(path, { fields });
    t.equal((await scene.get(path)).headers['x-mine'], 'you');
    await scene.stored(path);
    const hit = await scene.get(path);
    t.ok(isHit(hit));
    t.equal(hit.headers['x-mine'], undefined, name);
  }
});

t.test('3.3 an incomplete response is not stored', async (t) => {
  const scene = await startScene(t);
  const body = 'only a part of it';
  scene.origin.objects.set('/part', { bytes: Buffer.from(body), etag: null, lastModified: null });
  const broken = scene.origin.script({
    path: '/part',
    actions: [
      { kind: 'fields', fields: { 'Cache-Control': 'max-age=60' } },
      { kind: 'short', afterBytes: 5 },
    ],
  });
  const got = await scene.get('/part');
  t.ok(got.aborted || got.status >= 500);
  broken();
  t.equal((await scene.get('/part')).body.toString(), body, 'asked again');
});

t.test('3.5 a response to a request with Authorization is stored only if allowed', async (t) => {
  const scene = await startScene(t);
  const headers = { authorization: 'Bearer a' };
  t.notOk(await isReused(scene, '/auth', { fields: FRESH }, headers));
  for (const directive of ['public', 's-maxage=60', 'must-revalidate']) {
    const fields = { 'Cache-Control': `max-age=60, ${directive}` };
    t.ok(await isReused(scene, `/auth-${directive}`, { fields }, headers), directive);
  }
  const other = await scene.get('/auth', { authorization: 'Bearer b' });
  t.notOk(isHit(other));
  t.equal(scene.seen('/auth').at(-1)?.headers['authorization'], 'Bearer b');
});

t.test('3 a redirect that forbids storing forbids it of what it leads to', async (t) => {
  const scene = await startScene(t);
  const redirect = (path: string, to: string, cacheControl: string) => {
    const fields = { Location: to, 'Cache-Control': cacheControl };
    scene.reply(path, { status: 302, fields, body: '' });
  };
  scene.object('/blob', 'the blob', { etag: '"1"', cacheControl: 'max-age=600' });
  const cases = [
    ['no-store', 'apart'],
    ['private, max-age=60', 'apart'],
    ['private="x-user"', 'validated'],
    ['no-cache, max-age=60', 'validated'],
    ['max-age=0', 'validated'],
    ['must-understand, no-store', 'validated'],
    ['must-understand, no-store, max-age=60', 'hit'],
    ['max-age=60', 'hit'],
  ] as const;
  const meaning = { apart: /detail=not-storable/, validated: /fwd-status=304/, hit: /;hit/ };
  for (const [index, [cacheControl, again]] of cases.entries()) {
    const path = `/to-${String(index)}`;
    redirect(path, '/blob', cacheControl);
    t.equal((await scene.get(path)).body.toString(), 'the blob');
    if (again === 'hit') await scene.stored(path);
    const got = await scene.get(path);
    t.equal(got.body.toString(), 'the blob');
    t.match(got.headers['cache-status'], meaning[again], cacheControl);
    t.equal(scene.seen(path).length, again === 'hit' ? 1 : 2, 'the redirect is asked again');
  }
  redirect('/chain', '/second', 'no-store');
  redirect('/second', '/blob', 'max-age=600');
  await scene.get('/chain');
  t.notOk(isHit(await scene.get('/chain')), 'the first of two forbids it');
});

t.test('3 a redirect that forbids storing deletes the response stored before', async (t) => {
  const scene = await startScene(t);
  scene.object('/blob', 'the blob', { etag: '"1"', cacheControl: 'max-age=10' });
  scene.reply('/moved', { status: 302, fields: { Location: '/blob' }, body: '' });
  await scene.get('/moved');
  await scene.stored('/moved');
  const fields = { Location: '/blob', 'Cache-Control': 'no-store' };
  scene.reply('/moved', { status: 302, fields, body: '' });
  scene.clock.pass(100);
  t.match((await scene.get('/moved')).headers['cache-status'], /fwd-status=304/);
  const offered = () => scene.seen('/blob').at(-1)?.headers['if-none-match'];
  t.equal(offered(), '"1"');
  t.notOk(isHit(await scene.get('/moved')));
  t.equal(offered(), undefined, 'nothing is stored that could be validated');
});
