/** RFC 9111 sections 4, 4.1 and 4.2: constructing responses from caches. */
import t, { type Test } from 'tap';
import { type Fields, startScene, type Scene } from '../fixtures/rfc-scene.js';
import { createGate } from '../fixtures/scripted-origin.js';

interface Case {
  /** Fields of the stored response; a number in `date`, `expires` ... is seconds from now. */
  readonly fields: Fields;
  /** Seconds that pass before the second request. */
  readonly after?: number;
  readonly reused: boolean;
}

async function check(t: Test, scene: Scene, path: string, { fields, after = 0, reused }: Case) {
  scene.reply(path, { fields });
  await scene.get(path);
  scene.clock.pass(after);
  await scene.get(path);
  t.equal(scene.seen(path).length, reused ? 1 : 2, path);
}

t.test('4 a stored response carries its age; collapsed requests share one answer', async (t) => {
  const scene = await startScene(t);
  scene.reply('/aged', { fields: { 'Cache-Control': 'max-age=100', Age: '7' } });
  t.equal((await scene.get('/aged')).headers.age, '7', 'as it came');
  await scene.stored('/aged');
  scene.clock.pass(20);
  const hit = await scene.get('/aged');
  t.ok(Number(hit.headers.age) >= 27 && Number(hit.headers.age) < 30);
  t.match(hit.headers['cache-status'], /;ttl=7[0-3]/);
  const gate = createGate();
  scene.object('/many', 'many', { etag: '"1"', cacheControl: 'max-age=60' });
  scene.origin.script({ path: '/many', times: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const asked = [1, 2, 3].map(() => scene.get('/many'));
  await gate.reached;
  await scene.forebay.until((found) => found.get('forebay_inflight_requests') === 3);
  gate.open();
  for (const got of await Promise.all(asked)) t.equal(got.body.toString(), 'many');
  t.equal(scene.seen('/many').length, 1);
});

t.test('4.1 the fields that Vary names select a stored response', async (t) => {
  const scene = await startScene(t);
  const fields = { 'Cache-Control': 'max-age=60', Vary: 'X-Kind, accept-language' };
  const count = async (headers: Fields) => {
    await scene.get('/vary', headers);
    return scene.seen('/vary').length;
  };
  scene.reply('/vary', { fields });
  t.equal(await count({ 'x-kind': 'a,b', 'accept-language': 'en' }), 1);
  t.equal(await count({ 'x-kind': ' a ,  b', 'accept-language': 'EN' }), 1, 'normalised');
  t.equal(await count({ 'x-kind': 'a, b', 'accept-language': 'en', 'user-agent': 'u' }), 1);
  t.equal(await count({ 'x-kind': 'a, b', 'accept-language': 'en', 'accept-encoding': 'gzip' }), 1);
  t.equal(await count({ 'x-kind': 'A, b', 'accept-language': 'en' }), 2, 'case matters elsewhere');
  t.equal(await count({ 'x-kind': 'a, b' }), 3, 'absent matches absent alone');
  t.equal(await count({ 'x-kind': 'a, b' }), 3);
  t.equal(
    await count({ 'x-kind': 'a, b', 'accept-language': 'en' }),
    3,
    'the first is still there',
  );
});

t.test('4.1 the most recent match is chosen, one with Vary before others', async (t) => {
  const scene = await startScene(t);
  const reply = (body: string, vary?: string) => {
    const fields = { 'Cache-Control': 'max-age=60', ...(vary !== undefined && { Vary: vary }) };
    scene.reply('/a', { fields, body });
  };
  reply('one', 'x-a');
  await scene.get('/a', { 'x-a': '1', 'x-b': '1' });
  reply('two', 'x-b');
  await scene.get('/a', { 'x-a': '2', 'x-b': '2' });
  await scene.stored('/a', { 'x-a': '2', 'x-b': '2' });
  const both = await scene.get('/a', { 'x-a': '1', 'x-b': '2' });
  t.equal(both.body.toString(), 'two', 'two match: the newer one');
  reply('plain');
  const asking = { 'x-a': '3', 'x-b': '3', 'cache-control': 'no-cache' };
  await scene.get('/a', asking);
  await scene.stored('/a', { 'x-a': '3', 'x-b': '3' });
  t.equal((await scene.get('/a', { 'x-a': '1', 'x-b': '9' })).body.toString(), 'one');
  t.equal((await scene.get('/a', { 'x-a': '9', 'x-b': '9' })).body.toString(), 'plain');
});

t.test('4.2.1 the freshness lifetime comes from s-maxage, max-age or Expires', async (t) => {
  const scene = await startScene(t);
  const cases: Record<string, Case> = {
    '/max-age': { fields: { 'Cache-Control': 'max-age=100' }, after: 90, reused: true },
    '/max-age-over': { fields: { 'Cache-Control': 'max-age=100' }, after: 100, reused: false },
    '/case': { fields: { 'Cache-Control': 'Max-Age=100' }, after: 90, reused: true },
    '/quoted': { fields: { 'Cache-Control': 'max-age="100"' }, after: 90, reused: true },
    '/s-maxage': {
      fields: { 'Cache-Control': 'max-age=1, s-maxage=100' },
      after: 90,
      reused: true,
    },
    '/s-maxage-less': {
      fields: { 'Cache-Control': 's-maxage=10, max-age=100' },
      after: 20,
      reused: false,
    },
    '/same-twice': {
      fields: { 'Cache-Control': 'max-age=100, max-age=100' },
      after: 50,
      reused: true,
    },
    '/differ': { fields: { 'Cache-Control': 'max-age=100, max-age=1' }, reused: false },
    '/in-quotes': {
      fields: { 'Cache-Control': 'x="max-age=100", max-age=1' },
      after: 2,
      reused: false,
    },
    '/huge': {
      fields: { 'Cache-Control': 'max-age=99999999999999999999' },
      after: 9e6,
      reused: true,
    },
  };
  for (const wrong of ['1e3', '-1', '10.5', "'100'", '', 'abc', '= 100']) {
    cases[`/wrong${wrong}`] = { fields: { 'Cache-Control': `max-age=${wrong}` }, reused: false };
  }
  for (const [path, found] of Object.entries(cases)) {
    await check(t, scene, encodeURI(path), found);
  }
  const expires = (seconds: number) => ({ Expires: scene.date(seconds) });
  await check(t, scene, '/expires', { fields: expires(100), after: 90, reused: true });
  await check(t, scene, '/expires-over', { fields: expires(100), after: 102, reused: false });
  await check(t, scene, '/expires-0', { fields: { Expires: '0' }, reused: false });
  const loud = { Expires: scene.date(100).toUpperCase() };
  await check(t, scene, '/expires-case', { fields: loud, after: 50, reused: true });
  const both = { ...expires(1000), 'Cache-Control': 'max-age=1' };
  await check(t, scene, '/expires-max-age', { fields: both, after: 10, reused: false });
});

t.test('4.2.2 a response without lifetime is fresh heuristically', async (t) => {
  const scene = await startScene(t);
  const modified = { 'Last-Modified': scene.date(-1000) };
  await check(t, scene, '/tenth', { fields: modified, after: 90, reused: true });
  const older = { 'Last-Modified': scene.date(-1000) };
  await check(t, scene, '/past-tenth', { fields: older, after: 120, reused: false });
  await check(t, scene, '/nothing', { fields: {}, reused: false });
  const future = { 'Last-Modified': scene.date(1000) };
  await check(t, scene, '/future', { fields: future, after: 1, reused: false });
});

t.test('4.2.3 the age includes the Age field and the time in the cache', async (t) => {
  const scene = await startScene(t);
  const fresh = { 'Cache-Control': 'max-age=100' };
  const aged = (age: string) => ({ ...fresh, Age: age });
  await check(t, scene, '/age', { fields: aged('50'), after: 40, reused: true });
  await check(t, scene, '/age-over', { fields: aged('50'), after: 51, reused: false });
  await check(t, scene, '/age-stale', { fields: aged('100'), reused: false });
  await check(t, scene, '/age-first', { fields: aged('0, 500'), reused: true });
  for (const wrong of ['abc', '-500', '500.0', '']) {
    await check(t, scene, `/age-${wrong}`, { fields: aged(wrong), after: 10, reused: true });
  }
  const { origin, clock } = scene;
  origin.now = () => clock.now() - 70_000;
  await check(t, scene, '/apparent', { fields: fresh, after: 20, reused: true });
  await check(t, scene, '/apparent-over', { fields: fresh, after: 40, reused: false });
  origin.now = () => clock.now() + 70_000;
  await check(t, scene, '/fast-origin', { fields: fresh, after: 90, reused: true });
});

t.test('4.2.4 a stale response is served only where directives allow it', async (t) => {
  const scene = await startScene(t);
  const { clock, forebay } = scene;
  const directives = ['', 'must-revalidate', 'proxy-revalidate', 's-maxage=10', 'no-cache'];
  const paths = directives.map((directive) => {
    const path = `/stale-${directive}`;
    const cacheControl = ['max-age=10', directive].filter((text) => text !== '').join(', ');
    scene.object(path, path, { etag: '"1"', cacheControl });
    return path;
  });
  for (const path of paths) await scene.get(path);
  await forebay.holds(paths.length);
  clock.pass(20);
  await scene.origin.close();
  for (const [at, path] of paths.entries()) {
    const got = await scene.get(path);
    t.equal(got.status, at === 0 ? 200 : 502, path);
    const detail = at === 0 ? /fwd=stale;detail=origin-connect/ : /fwd=miss;detail=origin-connect/;
    t.match(got.headers['cache-status'], detail);
  }
  const [path = ''] = paths;
  t.ok(Number((await scene.get(path)).headers.age) >= 20, 'it says how old it is');
  const asked = await scene.get(path, { 'cache-control': 'no-cache' });
  t.ok(asked.status >= 502, 'not for who asks for more');
});
