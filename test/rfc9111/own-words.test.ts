/** What is added here on the way to clients is not read back as the origin's word. */
import t from 'tap';
import { describe, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import { isHit, startScene } from '../fixtures/rfc-scene.js';

const OLD = 'Wed, 01 Jan 2025 00:00:00 GMT';

t.test('without an origin Date no Last-Modified joins two responses', async (t) => {
  const dated = { etag: null, lastModified: OLD };
  const origin = await runOrigin(t, { '/a': fresh(1, 6, dated) });
  const undated = { kind: 'fields', fields: { Date: null } } as const;
  // The part that was asked for first joins nothing, so the whole is asked for, and breaks off.
  origin.script({ times: 1, actions: [undated] });
  origin.script({ times: 1, actions: [undated, { kind: 'short', afterBytes: 2_500_000 }] });
  origin.script({ actions: [undated] });
  const forebay = await startForebay(t, { origin });
  const broken = await forebay.get('/a');
  t.ok(broken.body.equals(bytesOf(1, 6).subarray(0, broken.body.length)), describe(broken));
  origin.objects.set('/a', fresh(2, 6, dated));
  const next = await forebay.get('/a');
  t.ok(next.body.equals(bytesOf(2, 6)), describe(next));
});

t.test('If-Range with a Last-Modified of a response without Date gets the whole', async (t) => {
  const scene = await startScene(t);
  const spec = { etag: null, lastModified: OLD, cacheControl: 'max-age=600' };
  for (const path of ['/dated', '/undated']) scene.object(path, 'some bytes', spec);
  scene.origin.script({ path: '/undated', actions: [{ kind: 'fields', fields: { Date: null } }] });
  for (const [path, status] of [
    ['/dated', 206],
    ['/undated', 200],
  ] as const) {
    const first = await scene.get(path);
    t.ok(first.headers.date, 'clients are told one all the same');
    await scene.stored(path);
    const part = { range: 'bytes=0-3', 'if-range': OLD };
    t.equal((await scene.get(path, part)).status, status, path);
  }
});

t.test('a later 304 makes no weak date a strong one', async (t) => {
  const scene = await startScene(t);
  const now = scene.date(5);
  const spec = { etag: null, lastModified: now, cacheControl: 'max-age=10' };
  scene.object('/a', 'some bytes', spec);
  await scene.get('/a');
  await scene.stored('/a');
  scene.clock.pass(20);
  t.match((await scene.get('/a')).headers['cache-status'], /fwd-status=304/);
  const part = { range: 'bytes=0-3', 'if-range': now };
  t.equal((await scene.get('/a', part)).status, 200);
});

t.test('the Date that Forebay added stays the time of arrival', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'bytes', { etag: '"1"', cacheControl: 'max-age=600' });
  scene.origin.script({ path: '/a', actions: [{ kind: 'fields', fields: { Date: null } }] });
  const first = await scene.get('/a');
  await scene.stored('/a');
  scene.clock.pass(100);
  const hit = await scene.get('/a');
  t.equal(hit.headers.date, first.headers.date);
  const age = Number(hit.headers.age);
  t.ok(age >= 100 && age < 110, String(age));
});

t.test('4.2.2 a response unchanged for years is fresh for a day at most', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'bytes', { etag: '"1"', lastModified: 'Wed, 01 Jan 2003 00:00:00 GMT' });
  await scene.get('/a');
  await scene.stored('/a');
  scene.clock.pass(24 * 3600 - 60);
  t.ok(isHit(await scene.get('/a')));
  scene.clock.pass(120);
  t.notOk(isHit(await scene.get('/a')));
});
