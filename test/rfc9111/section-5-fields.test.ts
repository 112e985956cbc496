/** RFC 9111 section 5: field definitions. */
import t from 'tap';
import { type Fields, isHit, startScene } from '../fixtures/rfc-scene.js';

t.test('5.1 Age is sent with a hit, not with a response just received', async (t) => {
  const scene = await startScene(t);
  scene.reply('/a', { fields: { 'Cache-Control': 'max-age=60' } });
  t.equal((await scene.get('/a')).headers.age, undefined);
  await scene.stored('/a');
  t.match((await scene.get('/a')).headers.age, /^[0-9]+$/);
});

t.test('5.2.1 request directives restrict or extend reuse', async (t) => {
  const scene = await startScene(t);
  const { clock } = scene;
  scene.object('/a', 'a', { etag: '"1"', cacheControl: 'max-age=100' });
  await scene.get('/a');
  await scene.stored('/a');
  clock.pass(50);
  /** True when the origin was not asked. */
  const satisfies = async (directives: string) => {
    const before = scene.seen('/a').length;
    await scene.get('/a', { 'cache-control': directives });
    return scene.seen('/a').length === before;
  };
  t.ok(await satisfies('max-age=60'), '5.2.1.1');
  t.ok(await satisfies('min-fresh=40'), '5.2.1.3');
  t.ok(await satisfies('unknown, max-stale, only-if-cached'));
  t.ok(await satisfies('no-store'), '5.2.1.5 does not concern what is stored already');
  t.notOk(await satisfies('min-fresh=60'), '5.2.1.3');
  clock.pass(50);
  t.notOk(await satisfies('max-age=40'), '5.2.1.1');
  clock.pass(50);
  t.notOk(await satisfies('max-age=x'), 'what is malformed asks for more, not for less');
  t.notOk(await satisfies('no-cache'), '5.2.1.4');
  clock.pass(120);
  t.ok(await satisfies('max-stale=30'), '5.2.1.2');
  t.ok(await satisfies('max-stale'), '5.2.1.2');
  const stale = await scene.get('/a', { 'cache-control': 'max-stale' });
  t.match(stale.headers['cache-status'], /hit;ttl=-2\d;detail=max-stale/);
  t.notOk(await satisfies('max-stale=10'), '5.2.1.2');
  const { headers } = scene.seen('/a').at(-1) ?? {};
  t.equal(headers?.['cache-control'], 'max-stale=10', 'directives are passed on');
});

t.test('5.2.1.7 only-if-cached gets 504 when nothing is stored', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: 'max-age=100' });
  const headers = { 'cache-control': 'only-if-cached' };
  const missing = await scene.get('/a', headers);
  t.equal(missing.status, 504);
  t.equal(missing.headers['cache-status'], 'forebay;detail=not-cached');
  t.equal(scene.seen('/a').length, 0);
  await scene.get('/a');
  await scene.forebay.holds(1);
  t.ok(isHit(await scene.get('/a', headers)));
  scene.clock.pass(200);
  t.equal((await scene.get('/a', headers)).status, 504, 'stale');
});

t.test('5.2.2 response directives decide between a hit and a validation', async (t) => {
  const scene = await startScene(t);
  const cases: [directives: string, after: number, expected: 'hit' | 'validated'][] = [
    ['max-age=100', 50, 'hit'],
    ['max-age=100, must-revalidate', 50, 'hit'],
    ['max-age=100, must-revalidate', 150, 'validated'],
    ['max-age=100, proxy-revalidate', 50, 'hit'],
    ['max-age=100, proxy-revalidate', 150, 'validated'],
    ['max-age=100, no-cache', 0, 'validated'],
    ['max-age=100, NO-CACHE', 0, 'validated'],
    ['no-cache, public', 0, 'validated'],
    ['max-age=100, public, no-transform, unknown="a, b"', 50, 'hit'],
    ['s-maxage=100', 50, 'hit'],
    ['s-maxage=100, stale-while-revalidate=100', 150, 'validated'],
    ['max-age=0', 0, 'validated'],
  ];
  for (const [index, [cacheControl, after, expected]] of cases.entries()) {
    const path = `/a${String(index)}`;
    scene.object(path, path, { etag: '"1"', cacheControl });
    await scene.get(path);
    await scene.forebay.holds(index + 1);
    scene.clock.pass(after);
    const got = await scene.get(path);
    t.match(
      got.headers['cache-status'],
      expected === 'hit' ? /hit/ : /fwd-status=304/,
      cacheControl,
    );
    // Who wants it stale does not get it where it must be validated.
    const must = /revalidate|no-cache|s-maxage/.test(cacheControl.toLowerCase());
    scene.clock.pass(200);
    const stale = await scene.get(path, { 'cache-control': 'max-stale' });
    t.equal(isHit(stale), !must, `${cacheControl} with max-stale`);
  }
});

t.test('5.2.2.4 concurrent requests do not share what must be validated', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: 'no-cache' });
  const all = await Promise.all([1, 2, 3].map(() => scene.get('/a')));
  t.ok(all.every(({ body }) => body.toString() === 'a'));
  t.ok(scene.seen('/a').length >= 2, 'not all from one response');
});

t.test('5.3 a malformed or past Expires makes a response stale', async (t) => {
  const scene = await startScene(t);
  const wrong = ['0', '-1', 'soon', scene.date(100).replace('GMT', 'UTC'), scene.date(-1)];
  for (const [index, expires] of wrong.entries()) {
    const path = `/${String(index)}`;
    scene.reply(path, { fields: { Expires: expires, 'Last-Modified': scene.date(-9_999) } });
    await scene.get(path);
    await scene.get(path);
    t.equal(scene.seen(path).length, 2, expires);
  }
});

t.test('5.4 Pragma: no-cache counts in a request without Cache-Control', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', {
    etag: '"1"',
    cacheControl: 'max-age=100',
    fields: { Pragma: 'no-cache' },
  });
  await scene.get('/a');
  await scene.stored('/a');
  const asked = async (headers: Fields) => {
    const before = scene.seen('/a').length;
    await scene.get('/a', headers);
    return scene.seen('/a').length > before;
  };
  t.notOk(await asked({}), 'in a response it means nothing');
  t.ok(await asked({ pragma: 'no-cache' }));
  t.notOk(await asked({ pragma: 'no-cache', 'cache-control': 'max-age=99' }));
  t.notOk(await asked({ pragma: 'other' }));
});

t.test('RFC 9213: CDN-Cache-Control replaces Cache-Control and Expires', async (t) => {
  const scene = await startScene(t);
  const cases: [fields: Fields, isReused: boolean][] = [
    [{ 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'no-store' }, true],
    [{ 'CDN-Cache-Control': 'no-store', 'Cache-Control': 'max-age=60' }, false],
    [{ 'CDN-Cache-Control': 'private', 'Cache-Control': 'max-age=60' }, false],
    [{ 'CDN-Cache-Control': 'max-age=0', Expires: scene.date(60) }, false],
    [{ 'CDN-Cache-Control': 'max-age="60"', 'Cache-Control': 'no-store' }, false],
    [{ 'CDN-Cache-Control': '=broken', 'Cache-Control': 'max-age=60' }, true],
    [{ 'CDN-Cache-Control': '', 'Cache-Control': 'max-age=60' }, true],
  ];
  for (const [index, [fields, isReused]] of cases.entries()) {
    const path = `/${String(index)}`;
    scene.reply(path, { fields });
    await scene.get(path);
    await scene.get(path);
    t.equal(scene.seen(path).length, isReused ? 1 : 2, JSON.stringify(fields));
  }
});
