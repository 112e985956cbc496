/**
 * Interim responses (RFC 9110 section 15.2): passed on to who waits for the answer, and kept by
 * nobody.
 */
import t from 'tap';
import { connectRaw, type RawResponse } from '../fixtures/program-raw.js';
import { FRESH } from '../fixtures/running-origin.js';
import { startScene, type Scene } from '../fixtures/rfc-scene.js';
import { createGate } from '../fixtures/scripted-origin.js';

const LINK = 'Link: </a.css>; rel=preload\r\n';
const HINTS = [
  { kind: 'interim', status: 102, text: '' },
  {
    kind: 'interim',
    status: 103,
    text: `${LINK}Connection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\n`,
  },
] as const;

/** The responses that a client gets to a request, up to the final one. */
async function all(
  t: Parameters<typeof connectRaw>[0],
  scene: Scene,
  request: string,
): Promise<readonly RawResponse[]> {
  const client = await connectRaw(t, scene.forebay.url);
  client.send(`${request}\r\nHost: h\r\n\r\n`);
  const got: RawResponse[] = [];
  do got.push(await client.response(request.startsWith('HEAD')));
  while ((got.at(-1)?.status ?? 0) < 200);
  return got;
}

const statuses = (responses: readonly RawResponse[]): readonly number[] =>
  responses.map(({ status }) => status);

t.test('interim responses are forwarded before their answer, and not stored', async (t) => {
  const scene = await startScene(t, { originKeys: { passMethods: true } });
  for (const [path, method] of [
    ['/get', 'GET'],
    ['/head', 'HEAD'],
  ] as const) {
    scene.object(path, 'a', { etag: '"1"', cacheControl: FRESH });
    scene.origin.script({ path, actions: HINTS });
    const miss = await all(t, scene, `${method} ${path} HTTP/1.1`);
    t.same(statuses(miss), [102, 103, 200], method);
    t.equal(miss[1]?.head, `HTTP/1.1 103 Early Hints\r\n${LINK.toLowerCase()}\r\n`);
    await scene.stored(path);
    t.same(statuses(await all(t, scene, `${method} ${path} HTTP/1.1`)), [200], `${method}: a hit`);
  }
  scene.origin.script({ path: '/post', actions: [...HINTS, { kind: 'status', status: 201 }] });
  t.same(statuses(await all(t, scene, 'POST /post HTTP/1.1')), [102, 103, 201]);
});

t.test('interim responses are not sent to an HTTP/1.0 client', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: FRESH });
  scene.origin.script({ path: '/a', actions: HINTS });
  t.same(statuses(await all(t, scene, 'GET /a HTTP/1.0')), [200]);
});

t.test('a 100 that was not requested is not forwarded', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: FRESH });
  scene.origin.script({ path: '/a', actions: [{ kind: 'interim', status: 100 }, HINTS[1]] });
  t.same(statuses(await all(t, scene, 'GET /a HTTP/1.1')), [103, 200]);
});

t.test('requests that share a contact get its interim responses while they wait', async (t) => {
  const scene = await startScene(t);
  const gate = createGate();
  scene.object('/a', 'a', { etag: '"1"', cacheControl: FRESH });
  scene.origin.script({ path: '/a', actions: [{ kind: 'gate', at: -1, gate }, ...HINTS] });
  const asking = [1, 2, 3].map(() => all(t, scene, 'GET /a HTTP/1.1'));
  await gate.reached;
  await scene.forebay.until((metrics) => (metrics.get('forebay_inflight_requests') ?? 0) >= 3);
  gate.open();
  for (const got of await Promise.all(asking)) t.same(statuses(got), [102, 103, 200]);
  t.equal(scene.seen('/a').length, 1);
});

t.test('a stored answer gets no interim response of a contact', async (t) => {
  const scene = await startScene(t);
  const cacheControl = 'max-age=10, stale-while-revalidate=1000';
  scene.object('/a', 'a', { etag: '"1"', cacheControl });
  await scene.get('/a');
  await scene.stored('/a');
  scene.clock.pass(20);
  scene.origin.script({ path: '/a', actions: HINTS });
  t.same(statuses(await all(t, scene, 'GET /a HTTP/1.1')), [200]);
  await scene.origin.waitFor(() => scene.seen('/a').length === 2);
});

t.test('any number of interim responses is read, a bounded number forwarded', async (t) => {
  const scene = await startScene(t);
  scene.object('/a', 'a', { etag: '"1"', cacheControl: FRESH });
  scene.origin.script({ path: '/a', actions: new Array(400).fill(HINTS[1]) });
  const got = statuses(await all(t, scene, 'GET /a HTTP/1.1'));
  t.equal(got.at(-1), 200);
  t.ok(got.length > 1 && got.length <= 17, String(got.length));
});
