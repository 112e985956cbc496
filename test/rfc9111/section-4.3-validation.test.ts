/** RFC 9111 section 4.3, and RFC 5861: validation of stored responses. */
import t from 'tap';
import { isHit, startScene } from '../fixtures/rfc-scene.js';
import { createGate } from '../fixtures/scripted-origin.js';

const SHORT = 'max-age=10';

t.test('4.3.1 a stale response is validated with its ETag and Last-Modified', async (t) => {
  const scene = await startScene(t);
  const lastModified = scene.date(-100);
  scene.object('/both', 'both', { etag: '"1"', lastModified, cacheControl: SHORT });
  scene.object('/weak', 'weak', { etag: 'W/"w"', cacheControl: SHORT });
  scene.object('/date', 'date', { etag: null, lastModified, cacheControl: SHORT });
  for (const path of ['/both', '/weak', '/date']) {
    await scene.get(path);
    await scene.stored(path);
  }
  scene.clock.pass(20);
  const sent = async (path: string) => {
    const got = await scene.get(path);
    t.equal(got.body.toString(), path.slice(1));
    t.match(got.headers['cache-status'], /fwd=stale;fwd-status=304;stored/);
    t.equal(got.headers.age, undefined, 'it has just been confirmed');
    const headers = scene.seen(path).at(-1)?.headers;
    return [headers?.['if-none-match'], headers?.['if-modified-since']];
  };
  t.same(await sent('/both'), ['"1"', lastModified]);
  t.same(await sent('/weak'), ['W/"w"', undefined]);
  t.same(await sent('/date'), [undefined, lastModified]);
  t.ok(isHit(await scene.get('/both')), 'fresh again');
});

t.test('4.3.1 on a miss of Vary the tags of all variants are offered', async (t) => {
  const scene = await startScene(t);
  const spec = { cacheControl: 'max-age=60', fields: { Vary: 'X-Kind' } };
  scene.object('/v', 'one', { ...spec, etag: '"one"' });
  await scene.get('/v', { 'x-kind': '1' });
  scene.object('/v', 'two', { ...spec, etag: '"two"' });
  await scene.get('/v', { 'x-kind': '2' });
  const third = await scene.get('/v', { 'x-kind': '3' });
  t.equal(scene.seen('/v').at(-1)?.headers['if-none-match'], '"two", "one"');
  t.equal(third.body.toString(), 'two', 'the origin confirmed the second');
  t.match(third.headers['cache-status'], /fwd=vary-miss;fwd-status=304/);
  t.ok(isHit(await scene.get('/v', { 'x-kind': '3' })), 'and it is stored for the third');
  t.ok(isHit(await scene.get('/v', { 'x-kind': '1' })));
});

t.test("4.3.2 a client's condition is evaluated against the stored response", async (t) => {
  const scene = await startScene(t);
  const lastModified = scene.date(-100);
  scene.object('/a', 'a', { etag: '"1"', lastModified, cacheControl: 'max-age=60' });
  await scene.get('/a');
  await scene.stored('/a');
  const status = async (headers: Record<string, string>) => (await scene.get('/a', headers)).status;
  t.equal(await status({ 'if-none-match': '"1"' }), 304);
  t.equal(await status({ 'if-none-match': '"x", W/"1"' }), 304, 'weak comparison, a list');
  t.equal(await status({ 'if-none-match': '*' }), 304);
  t.equal(await status({ 'if-none-match': '"x"', 'if-modified-since': lastModified }), 200);
  t.equal(await status({ 'if-modified-since': lastModified }), 304);
  t.equal(await status({ 'if-modified-since': scene.date(-200) }), 200);
  t.equal(await status({ 'if-modified-since': 'yesterday' }), 200);
  t.equal(scene.seen('/a').length, 1, 'all from what is stored');
  t.equal(await status({ 'if-match': '"1"' }), 200);
  t.equal(scene.seen('/a').length, 1);
  t.equal(await status({ 'if-match': '"2"' }), 412);
  t.equal(scene.seen('/a').length, 2, 'who expects another one is told what the origin has now');
  scene.reply('/dated', { fields: { 'Cache-Control': 'max-age=60' } });
  await scene.get('/dated');
  await scene.stored('/dated');
  const since = { 'if-modified-since': scene.date(5) };
  t.equal((await scene.get('/dated', since)).status, 304, 'Date stands for Last-Modified');
});

t.test('4.3.2 a condition on a miss is evaluated, or forwarded if uncacheable', async (t) => {
  const scene = await startScene(t);
  scene.object('/kept', 'kept', { etag: '"1"', cacheControl: 'max-age=60' });
  t.equal((await scene.get('/kept', { 'if-none-match': '"1"' })).status, 304);
  t.equal((await scene.get('/kept', { 'if-none-match': '"2"' })).body.toString(), 'kept');
  scene.object('/own', 'own', { etag: '"1"', cacheControl: 'no-store' });
  await scene.get('/own');
  const got = await scene.get('/own', { 'if-none-match': '"1"' });
  t.equal(got.status, 304);
  t.equal(scene.seen('/own').at(-1)?.headers['if-none-match'], '"1"', 'the origin decides');
  t.equal((await scene.get('/own', { 'if-none-match': '"2"' })).body.toString(), 'own');
});

t.test('4.3.3 a 304 reuses, a 200 replaces and a 5xx keeps the stored response', async (t) => {
  const scene = await startScene(t);
  const { clock, origin } = scene;
  scene.object('/a', 'old', { etag: '"1"', cacheControl: SHORT });
  await scene.get('/a');
  clock.pass(20);
  scene.object('/a', 'new', { etag: '"2"', cacheControl: SHORT });
  const changed = await scene.get('/a');
  t.equal(changed.body.toString(), 'new', 'a full response takes its place');
  clock.pass(20);
  const fields = { 'Cache-Control': 'no-store' };
  const failing = origin.script({ path: '/a', actions: [{ kind: 'status', status: 500, fields }] });
  t.equal((await scene.get('/a')).status, 500, 'an error is passed on');
  failing();
  const back = await scene.get('/a');
  t.match(back.headers['cache-status'], /fwd-status=304/, 'what is stored has survived it');
});

t.test('4.3.4 a 304 updates the fields of the stored response', async (t) => {
  const scene = await startScene(t);
  const spec = { etag: '"1"', cacheControl: SHORT };
  scene.object('/a', 'a', { ...spec, fields: { 'X-A': '1', 'X-B': '1', 'Content-MD5': 'one' } });
  await scene.get('/a');
  scene.clock.pass(20);
  scene.object('/a', 'a', { ...spec, contentType: 'text/new' });
  const fields = { 'X-A': '2', 'Content-MD5': 'two', 'Content-Type': 'text/new', ETag: '"1"' };
  scene.reply('/a', { status: 304, fields, body: '' });
  const got = await scene.get('/a');
  const { headers } = got;
  t.same([headers['x-a'], headers['x-b']], ['2', '1'], 'replaced, and kept');
  t.same([headers['content-type'], headers['content-md5']], ['text/new', 'one']);
  scene.clock.pass(20);
  scene.reply('/a', { status: 304, fields: { ETag: '"other"', 'X-A': '3' }, body: '' });
  const odd = await scene.get('/a');
  t.same([odd.headers.etag, odd.headers['x-a']], ['"1"', '2'], 'of another one: updates nothing');
  t.equal(odd.body.toString(), 'a');
});

t.test('4.3.4 a 304 that makes a response one client\u2019s own is not stored', async (t) => {
  const scene = await startScene(t);
  scene.object('/p', 'p', { etag: '"1"', cacheControl: SHORT });
  await scene.get('/p');
  await scene.stored('/p');
  scene.clock.pass(20);
  scene.object('/p', 'p', {
    etag: '"1"',
    cacheControl: 'private, max-age=60',
    fields: { 'Set-Cookie': 'sid=alice', 'X-User': 'alice' },
  });
  const own = await scene.get('/p', { authorization: 'Bearer alice' });
  t.match(own.headers['cache-status'], /fwd-status=304/);
  t.notOk(isHit(await scene.get('/p')));
});

t.test('4.3.5 HEAD asks for the metadata, and freshens what is stored', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'abc', { etag: '"1"', cacheControl: SHORT });
  await scene.get('/a');
  await scene.stored('/a');
  scene.clock.pass(20);
  const head = await scene.get('/a', {}, 'HEAD');
  t.equal(head.headers['content-length'], '3');
  t.ok(isHit(await scene.get('/a')), 'validated by the HEAD');
  scene.clock.pass(20);
  scene.object('/a', 'longer', { etag: '"2"', cacheControl: SHORT });
  t.equal((await scene.get('/a', {}, 'HEAD')).headers['content-length'], '6');
  t.equal((await scene.get('/a')).body.toString(), 'longer');
  t.ok(
    scene.seen('/a').every(({ method }) => method === 'GET'),
    'by GET: signed URLs allow no HEAD',
  );
  scene.reply('/error', { status: 404, fields: { 'X-A': '1' }, body: 'none here' });
  const missing = await scene.get('/error', {}, 'HEAD');
  t.same([missing.status, missing.headers['x-a'], missing.body.length], [404, '1', 0]);
  t.equal(missing.headers['content-length'], '9');
});

t.test('RFC 5861 3 stale-while-revalidate answers at once and validates once beside', async (t) => {
  const scene = await startScene(t);
  const { clock, origin } = scene;
  const cacheControl = 'max-age=10, stale-while-revalidate=30';
  scene.object('/a', 'old', { etag: '"1"', cacheControl });
  await scene.get('/a');
  await scene.forebay.holds(1);
  clock.pass(20);
  scene.object('/a', 'new', { etag: '"2"', cacheControl });
  const gate = createGate();
  const remove = origin.script({ path: '/a', actions: [{ kind: 'gate', at: -1, gate }] });
  for (let asked = 0; asked < 3; asked += 1) {
    const got = await scene.get('/a');
    t.equal(got.body.toString(), 'old');
    t.match(got.headers['cache-status'], /forebay;hit;ttl=-1\d;detail=stale-while-revalidate/);
  }
  await gate.reached;
  t.equal(scene.seen('/a').length, 2, 'one validation');
  gate.open();
  remove();
  while ((await scene.get('/a')).body.toString() === 'old');
  const asked = scene.seen('/a').length;
  t.equal((await scene.get('/a')).body.toString(), 'new');
  t.equal(scene.seen('/a').length, asked, 'the new one is fresh');
  clock.pass(100);
  scene.object('/a', 'newest', { etag: '"3"', cacheControl });
  t.equal((await scene.get('/a')).body.toString(), 'newest', 'past the window it waits');
});

t.test('RFC 5861 4 stale-if-error stands in for an error, as long as it says', async (t) => {
  const scene = await startScene(t);
  const cacheControl = 'max-age=10, stale-if-error=30';
  scene.object('/a', 'kept', { etag: '"1"', cacheControl });
  scene.object('/plain', 'plain', { etag: '"1"', cacheControl: SHORT });
  await scene.get('/a');
  await scene.get('/plain');
  await scene.forebay.holds(2);
  scene.clock.pass(20);
  const fields = { 'Cache-Control': 'no-store, max-age=0' };
  for (const status of [500, 502, 503, 504]) {
    for (const path of ['/a', '/plain']) scene.reply(path, { status, fields });
    const got = await scene.get('/a');
    t.same([got.status, got.body.toString()], [200, 'kept'], String(status));
    const expected = new RegExp(`fwd=stale;fwd-status=${String(status)};detail=stale-if-error`);
    t.match(got.headers['cache-status'], expected);
    t.equal((await scene.get('/plain')).status, status, 'not without the directive');
  }
  scene.clock.pass(30);
  t.equal((await scene.get('/a')).status, 504, 'past the window');
});

t.test('a stale response stands in at the first failure; retries go on beside', async (t) => {
  const scene = await startScene(t);
  const expected = /fwd=stale;fwd-status=503;detail=stale-if-error/;
  scene.object('/a', 'kept', { etag: '"1"', cacheControl: 'max-age=10, stale-if-error=300' });
  await scene.get('/a');
  await scene.forebay.holds(1);
  scene.clock.pass(20);
  const gate = createGate();
  scene.origin.next({ kind: 'status', status: 503 });
  scene.origin.next({ kind: 'gate', at: -1, gate });
  const first = await scene.get('/a');
  t.equal(first.body.toString(), 'kept');
  t.match(first.headers['cache-status'], expected);
  await gate.reached;
  t.match((await scene.get('/a')).headers['cache-status'], expected, 'who joins the contact');
  t.equal(scene.seen('/a').length, 3, 'asks nothing more');
  gate.open();
  let again = await scene.get('/a');
  for (let round = 0; round < 1_000 && !isHit(again); round += 1) again = await scene.get('/a');
  t.ok(isHit(again), 'the retry was answered 304, and that is stored');
  t.equal(scene.seen('/a').length, 3);
});
