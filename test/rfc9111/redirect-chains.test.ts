/**
 * RFC 9111 for what redirects led to: each hop faces every rule (cache/rfc9111/chain,
 * docs/architecture/rfc9111.md).
 */
import t from 'tap';
import { startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import { type Fields, isHit, type Scene, startScene } from '../fixtures/rfc-scene.js';

const FRESH = { 'Cache-Control': 'max-age=600' };

/** `path` leads to `to`, with these fields beside the Location. */
function lead(scene: Scene, path: string, to: string, fields: Fields, status = 302): void {
  scene.reply(path, { status, fields: { Location: to, ...fields }, body: '' });
}

/** An object that never goes stale by itself: what limits its use is the chain. */
function blob(scene: Scene, path: string, etag = `"${path}"`): void {
  scene.object(path, `bytes of ${path}`, { etag, cacheControl: 'public, max-age=600, immutable' });
}

t.test('3 a redirect for a request with more than harmless fields is not shared', async (t) => {
  const scene = await startScene(t);
  blob(scene, '/blob');
  const keys = ['Cookie', 'X-Api-Key', 'PRIVATE-TOKEN', 'Authorization', 'X-Whatever', 'Referer'];
  for (const name of keys) {
    const path = `/with-${name}`;
    lead(scene, path, '/blob', FRESH);
    const mine = await scene.get(path, { [name]: 'a' });
    t.equal(mine.body.toString(), 'bytes of /blob');
    t.match(mine.headers['cache-status'], /not-storable/, name);
    lead(scene, path, '/denied', FRESH);
    t.equal((await scene.get(path)).status, 404, `${name}: nobody else gets it`);
    t.equal((await scene.get(path, { [name]: 'b' })).status, 404, name);
  }
  lead(scene, '/plain', '/blob', FRESH);
  await scene.get('/plain', { Accept: 'a/b', 'User-Agent': 'u', 'X-Request-Id': 'r', DNT: '1' });
  t.ok(isHit(await scene.get('/plain')), 'harmless ones tell nobody apart');
});

t.test('3 a cookie that a redirect sets, or a Vary of all, forbids it', async (t) => {
  const scene = await startScene(t);
  blob(scene, '/blob');
  for (const [path, fields, isStored] of [
    ['/cookie', { 'Set-Cookie': 'node=1' }, false],
    ['/star', { ...FRESH, Vary: 'Accept, *' }, false],
    ['/fresh-cookie', { ...FRESH, 'Set-Cookie': 'node=1' }, true],
  ] as const) {
    lead(scene, path, '/blob', fields);
    await scene.get(path);
    const again = await scene.get(path);
    t.equal(isHit(again), isStored, path);
    t.equal(again.headers['set-cookie'], undefined, 'it was for whom we asked');
  }
});

t.test('4.1 all Vary fields of the chain select together, and clients get them', async (t) => {
  const scene = await startScene(t);
  scene.object('/blob', 'bytes', { etag: '"1"', fields: { Vary: 'Accept-Language', ...FRESH } });
  lead(scene, '/first', '/second', { ...FRESH, Vary: 'Accept' });
  lead(scene, '/second', '/blob', { ...FRESH, Vary: 'User-Agent' });
  const asking = { accept: 'a/b', 'accept-language': 'de', 'user-agent': 'u' };
  const got = await scene.get('/first', asking);
  t.equal(got.headers.vary, 'Accept, User-Agent, Accept-Language');
  t.ok(isHit(await scene.get('/first', asking)));
  for (const name of Object.keys(asking)) {
    t.notOk(isHit(await scene.get('/first', { ...asking, [name]: 'other' })), name);
  }
});

t.test('4.2 the shortest lifetime of the chain counts, and clients get it', async (t) => {
  const scene = await startScene(t);
  blob(scene, '/blob');
  lead(scene, '/brief', '/blob', { 'Cache-Control': 'max-age=60' });
  const brief = /^max-age=(?:5\d|60)$/;
  t.match((await scene.get('/brief')).headers['cache-control'], brief);
  const hit = await scene.get('/brief');
  t.match(hit.headers['cache-status'], /hit;ttl=(?:5\d|60)/);
  t.match(hit.headers['cache-control'], brief);
  scene.clock.pass(61);
  t.match((await scene.get('/brief')).headers['cache-status'], /fwd=stale;fwd-status=304/);
  for (const [status, fields, isFresh] of [
    [301, {}, false],
    [302, {}, false],
    [303, {}, false],
    [307, {}, false],
    [308, {}, false],
    [302, { Expires: scene.date(100) }, true],
    [302, { 'Cache-Control': 'max-age=60', Age: '61' }, false],
    [302, { 'Cache-Control': 'max-age=0, s-maxage=60' }, true],
    [301, { 'Last-Modified': scene.date(-10_000) }, true],
  ] as const) {
    const path = `/${String(status)}-${Object.values(fields).join().replace(/\W/g, '-')}`;
    lead(scene, path, '/blob', fields, status);
    await scene.get(path);
    await scene.stored(path);
    t.equal(isHit(await scene.get(path)), isFresh, path);
  }
});

t.test('4.2.4 no redirect of the chain is used stale against its directives', async (t) => {
  const scene = await startScene(t);
  scene.object('/blob', 'bytes', { etag: '"1"', cacheControl: 'max-age=9, stale-if-error=999' });
  const stale = { 'Cache-Control': 'max-age=9, stale-if-error=999' };
  lead(scene, '/lax', '/blob', stale);
  lead(scene, '/strict', '/blob', { 'Cache-Control': 'max-age=9, must-revalidate' });
  lead(scene, '/silent', '/blob', { 'Cache-Control': 'max-age=9' });
  for (const path of ['/lax', '/strict', '/silent']) {
    await scene.get(path);
    await scene.stored(path);
  }
  scene.clock.pass(20);
  for (const [path, status] of [
    ['/lax', 200],
    ['/strict', 500],
    ['/silent', 500],
  ] as const) {
    scene.reply(path, { status: 500, fields: { Expires: '0' } });
    t.equal((await scene.get(path)).status, status, path);
  }
});

t.test('4.3 a validation starts at the first hop, and costs no body bytes', async (t) => {
  const scene = await startScene(t);
  blob(scene, '/blob?until=1', '"same"');
  lead(scene, '/a', '/blob?until=1', { 'Cache-Control': 'no-cache' });
  await scene.get('/a');
  const bytes = scene.origin.bodyBytes;
  for (const signature of ['2', '3']) {
    blob(scene, `/blob?until=${signature}`, '"same"');
    lead(scene, '/a', `/blob?until=${signature}`, { 'Cache-Control': 'no-cache' });
    const got = await scene.get('/a');
    t.equal(got.body.toString(), 'bytes of /blob?until=1');
    t.match(got.headers['cache-status'], /fwd-status=304/);
  }
  t.equal(scene.seen('/a').length, 3);
  t.equal(scene.origin.bodyBytes, bytes);
});

t.test('4.3 a validator is offered only where it came from', async (t) => {
  const scene = await startScene(t);
  for (const version of ['v1', 'v2']) blob(scene, `/${version}`, '"same"');
  lead(scene, '/latest', '/v1', {});
  t.equal((await scene.get('/latest')).body.toString(), 'bytes of /v1');
  await scene.stored('/latest');
  lead(scene, '/latest', '/v2', {});
  t.equal((await scene.get('/latest')).body.toString(), 'bytes of /v2');
  t.equal(scene.seen('/v2')[0]?.headers['if-none-match'], undefined);
});

t.test("5.2.1 a client's no-cache is answered from the first hop on", async (t) => {
  const scene = await startScene(t);
  for (const version of ['1', '2', '3', '4', '5']) blob(scene, `/v${version}`);
  let version = 1;
  const move = (): string => {
    version += 1;
    lead(scene, '/latest', `/v${String(version)}`, FRESH);
    return `bytes of /v${String(version)}`;
  };
  lead(scene, '/latest', '/v1', FRESH);
  await scene.get('/latest');
  await scene.stored('/latest');
  for (const fields of [
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=0' },
    { pragma: 'no-cache' },
  ]) {
    const newest = move();
    t.equal((await scene.get('/latest', fields)).body.toString(), newest, JSON.stringify(fields));
    t.equal((await scene.get('/latest')).body.toString(), newest, 'and so is who comes after');
  }
});

t.test('5.2.2 a redirect that must not be reused is requested each time', async (t) => {
  const scene = await startScene(t);
  for (const [index, cacheControl] of ['no-store', 'no-cache', 'max-age=0', 'private'].entries()) {
    const path = `/latest-${String(index)}`;
    for (const version of ['v1', 'v2']) {
      blob(scene, `/${version}`);
      lead(scene, path, `/${version}`, { 'Cache-Control': cacheControl });
      const got = await scene.get(path);
      t.equal(got.body.toString(), `bytes of /${version}`, cacheControl);
    }
  }
});

t.test('directives of a redirect chain apply after a restart', async (t) => {
  const scene = await startScene(t);
  blob(scene, '/blob');
  lead(scene, '/brief', '/blob', { 'Cache-Control': 'max-age=60', Vary: 'Accept' });
  lead(scene, '/latest', '/blob', { 'Cache-Control': 'no-cache' });
  for (const path of ['/brief', '/latest']) await scene.get(path, { accept: 'a/b' });
  const { directory } = scene.forebay;
  await scene.forebay.stop();
  const { origin, clock } = scene;
  const again = await startForebay(t, { origin, clock, directory });
  const get = (path: string, accept: string) => again.get(path, { headers: { accept } });
  const hit = await get('/brief', 'a/b');
  t.ok(isHit(hit));
  t.match(hit.headers, { 'cache-control': /^max-age=(?:5\d|60)$/, vary: 'Accept' });
  t.notOk(isHit(await get('/brief', 'c/d')));
  t.match((await get('/latest', 'a/b')).headers['cache-status'], /fwd-status=304/);
  clock.pass(61);
  t.notOk(isHit(await get('/brief', 'a/b')));
});

t.test('a redirect that changes during a read mixes nothing', async (t) => {
  const origin = await runOrigin(t, {
    '/v1': fresh(1, 6, { etag: '"same"' }),
    '/v2': fresh(2, 6, { etag: '"same"' }),
  });
  const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 1 } });
  let newest = '/v1';
  for (const to of ['/v1', '/v2']) {
    const when = (): boolean => newest === to;
    origin.script({ path: '/latest', when, actions: [{ kind: 'redirect', to }] });
  }
  // The location is refused from the third chunk on, as a signature that expired.
  origin.script({ path: '/v1', skip: 2, actions: [{ kind: 'status', status: 403 }] });
  const { response } = await forebay.open('/latest');
  newest = '/v2';
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => response.once('close', resolve));
  const got = Buffer.concat(pieces);
  t.ok(got.equals(bytesOf(1, 6).subarray(0, got.length)), 'of the first version alone');
  t.ok((await forebay.get('/latest')).body.equals(bytesOf(2, 6)));
});
