/**
 * Set-Cookie goes to the client whose contact brought it (RFC 9111 section 7.3), and to nobody
 * else.
 */
import t from 'tap';
import { isHit, startScene } from '../fixtures/rfc-scene.js';

t.test('a cookie is never replayed from the store', async (t) => {
  const scene = await startScene(t);
  const fields = { 'Set-Cookie': 'sid=alice' };
  scene.object('/a', 'bytes', { etag: '"1"', cacheControl: 'public, max-age=60', fields });
  const first = await scene.get('/a');
  t.same(first.headers['set-cookie'], ['sid=alice']);
  await scene.stored('/a');
  for (const method of ['GET', 'GET', 'HEAD'] as const) {
    const hit = await scene.get('/a', {}, method);
    t.ok(isHit(hit));
    t.equal(hit.headers['set-cookie'], undefined);
  }
});

t.test('a Set-Cookie of a 304 goes to the validating client alone', async (t) => {
  const scene = await startScene(t);
  const spec = { etag: '"1"', cacheControl: 'max-age=60' };
  scene.object('/a', 'bytes', spec);
  await scene.get('/a');
  await scene.stored('/a');
  scene.object('/a', 'bytes', { ...spec, fields: { 'Set-Cookie': 'sid=bob' } });
  const asked = await scene.get('/a', { 'cache-control': 'no-cache' });
  t.match(asked.headers['cache-status'], /fwd-status=304/);
  t.same(asked.headers['set-cookie'], ['sid=bob']);
  const hit = await scene.get('/a');
  t.ok(isHit(hit));
  t.equal(hit.headers['set-cookie'], undefined);
});

t.test("a request that waits for another's contact gets no cookie of it", async (t) => {
  const scene = await startScene(t);
  const fields = { 'Set-Cookie': 'sid=first' };
  scene.object('/a', 'bytes', { etag: '"1"', cacheControl: 'max-age=60', fields });
  const all = await Promise.all([1, 2, 3, 4].map(() => scene.get('/a')));
  const told = all.filter(({ headers }) => headers['set-cookie'] !== undefined);
  t.equal(told.length, scene.seen('/a').length, 'one for each that the origin set');
});
