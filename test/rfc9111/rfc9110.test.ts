/** Sections of RFC 9110 that caches and proxies of generic origins meet. */
import t from 'tap';
import { isHit, startScene } from '../fixtures/rfc-scene.js';

const FRESH = 'max-age=60';

t.test('7.6 unknown fields are forwarded, hop-by-hop fields are not', async (t) => {
  const scene = await startScene(t);
  scene.reply('/a', { fields: { 'X-New': '1' } });
  const sent = {
    'x-unknown': 'kept',
    'x-hop': 'dropped',
    connection: 'x-hop',
    te: 'trailers',
    'proxy-authorization': 'Basic x',
    via: '1.1 edge',
    'cache-control': 'no-transform',
  };
  const got = await scene.get('/a', sent);
  t.equal(got.headers['x-new'], '1');
  const headers = scene.seen('/a')[0]?.headers ?? {};
  t.equal(headers['x-unknown'], 'kept');
  t.equal(headers['cache-control'], 'no-transform');
  t.match(headers['via'], /^1\.1 edge, 1\.1 forebay-/, 'section 7.6.3');
  for (const name of ['x-hop', 'te', 'proxy-authorization'])
    t.equal(headers[name], undefined, name);
});

t.test('13.1 preconditions on a stored response have their order of precedence', async (t) => {
  const scene = await startScene(t);
  const lastModified = scene.date(-100);
  scene.object('/a', 'a', { etag: '"1"', lastModified, cacheControl: FRESH });
  await scene.get('/a');
  await scene.stored('/a');
  const status = async (headers: Record<string, string>) => (await scene.get('/a', headers)).status;
  t.equal(await status({ 'if-match': '"1"', 'if-none-match': '"1"' }), 304);
  t.equal(await status({ 'if-unmodified-since': lastModified }), 200);
  t.equal(await status({ 'if-unmodified-since': scene.date(-200) }), 412);
  t.equal(await status({ 'if-match': '"1"', 'if-unmodified-since': scene.date(-200) }), 200);
  t.equal(await status({ 'if-match': 'W/"1"' }), 412, 'strong comparison');
});

t.test('13.1.5 If-Range and 14.2 Range apply on a hit and on a miss', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', '0123456789', { etag: '"1"', cacheControl: FRESH });
  const range = { range: 'bytes=2-4' };
  const miss = await scene.get('/a', range);
  t.same([miss.status, miss.body.toString()], [206, '234']);
  t.equal(miss.headers['content-range'], 'bytes 2-4/10');
  const hit = await scene.get('/a', { ...range, 'if-range': '"1"' });
  t.same([hit.status, hit.body.toString()], [206, '234']);
  const other = await scene.get('/a', { ...range, 'if-range': '"2"' });
  t.same([other.status, other.body.toString()], [200, '0123456789']);
  const weak = await scene.get('/a', { ...range, 'if-range': 'W/"1"' });
  t.equal(weak.status, 200, 'a weak tag joins nothing');
  t.equal((await scene.get('/a', { range: 'lines=1-2' })).status, 200, 'an unknown unit');
  t.equal((await scene.get('/a', { range: 'bytes=99-' })).status, 416);
  t.equal(scene.seen('/a').length, 1);
});

t.test('15.3.7 a GET gets the whole, however the origin answers range requests', async (t) => {
  const scene = await startScene(t);
  const { origin } = scene;
  const text = '0123456789';
  scene.object('/weak', text, { etag: 'W/"1"', cacheControl: FRESH });
  scene.object('/bare', text, { etag: null, cacheControl: FRESH });
  scene.object('/shorter', text, { etag: null, cacheControl: FRESH });
  origin.script({ path: '/shorter', actions: [{ kind: 'shorter-range', bytes: 5 }] });
  scene.object('/stumbles', text, { etag: '"1"', cacheControl: FRESH });
  origin.script({
    path: '/stumbles',
    when: ({ range }) => range !== undefined,
    actions: [{ kind: 'status', status: 400, body: 'no ranges, please' }],
  });
  scene.object('/chunked', text, { etag: null, cacheControl: FRESH, ranges: false });
  origin.script({ path: '/chunked', actions: [{ kind: 'chunked' }] });
  scene.object('/empty', '', { etag: null, cacheControl: FRESH, ranges: false });
  origin.script({ path: '/empty', actions: [{ kind: 'chunked' }] });
  for (const path of ['/weak', '/bare', '/shorter', '/stumbles', '/chunked', '/empty']) {
    const got = await scene.get(path);
    t.equal(got.status, 200, path);
    t.equal(got.body.toString(), path === '/empty' ? '' : text, path);
    t.equal(got.headers['content-range'], undefined, path);
    await scene.stored(path);
    const before = scene.seen(path).length;
    const hit = await scene.get(path);
    t.equal(hit.body.length, path === '/empty' ? 0 : 10, path);
    t.equal(scene.seen(path).length, before, `${path} is stored whole`);
  }
});

t.test('15 interim responses are stored nowhere', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: FRESH });
  const actions = [103, 102].map((status) => ({ kind: 'interim', status }) as const);
  scene.origin.script({ path: '/a', actions });
  const got = await scene.get('/a');
  t.same([got.status, got.body.toString()], [200, 'a']);
  await scene.stored('/a');
  t.ok(isHit(await scene.get('/a', {}, 'HEAD')));
});

t.test('6.6.1 a response without Date gets one before it is stored', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: 'max-age=100' });
  const actions = [{ kind: 'fields', fields: { Date: null } }] as const;
  scene.origin.script({ path: '/a', actions });
  const first = await scene.get('/a');
  t.match(first.headers.date, /GMT$/);
  await scene.stored('/a');
  scene.clock.pass(50);
  t.equal((await scene.get('/a')).headers.date, first.headers.date);
});
