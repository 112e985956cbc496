/** Origins that are away, plain or odd: a clear error, or the right bytes. */
import net from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { cacheStatusOf, get, getRange, isPattern } from '../fixtures/program-client.js';
import { startScene, startSceneOrigin } from '../fixtures/program-scene.js';
import { startProgram } from '../fixtures/program.js';
import {
  type Action,
  type ObjectSpec,
  type SeenRequest,
  startOrigin,
} from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 15;
const LENGTH = 5 * MEBIBYTE + 99;
const QUICK_RETRIES = { FOREBAY_FILL_RETRY_BASE: '10ms', FOREBAY_FILL_RETRY_CAP: '50ms' };

t.test('an unreachable origin gets 502 with the reason, and /readyz stays ready', async (t) => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as net.AddressInfo;
  closed.close();
  const program = await startProgram(t, {
    origin: `http://127.0.0.1:${String(port)}`,
    env: QUICK_RETRIES,
  });
  const got = await get(`${program.url}/model`);
  t.equal(got.status, 502);
  t.equal(cacheStatusOf(got), 'forebay;fwd=miss;detail=origin-connect');
  t.equal(got.headers['cache-control'], 'no-store');
  t.equal((await get(`${program.adminUrl}/readyz`)).status, 200);
});

t.test('an origin name that does not resolve gets 502 with the reason', async (t) => {
  const program = await startProgram(t, { origin: 'http://origin.invalid', env: QUICK_RETRIES });
  const got = await get(`${program.url}/model`);
  t.equal(got.status, 502);
  t.match(cacheStatusOf(got), /detail=origin-dns/);
});

t.test('an origin that comes back is contacted again', async (t) => {
  const first = await startSceneOrigin(t, { seed: SEED, lengthBytes: LENGTH });
  const { port } = first;
  const program = await startProgram(t, { origin: first.url, env: QUICK_RETRIES });
  t.ok((await getRange(`${program.url}/model`, 0, 10)).whole);
  await first.close();
  const held = await getRange(`${program.url}/model`, 100, 200);
  t.ok(held.status === 206 && isPattern(held.body, SEED, 100), 'what is held is served');
  t.equal((await get(`${program.url}/other`)).status, 502);
  const second = await startOrigin({
    port,
    objects: { '/other': { bytes: { seed: SEED, length: LENGTH } } },
  });
  t.teardown(() => second.close());
  const got = await get(`${program.url}/other`);
  t.ok(got.status === 200 && isPattern(got.body, SEED, 0));
});

interface Oddity {
  readonly name: string;
  readonly object?: Omit<ObjectSpec, 'bytes'>;
  readonly actions?: readonly Action[];
  /** Which requests `actions` apply to; all of them by default. */
  readonly when?: (request: SeenRequest) => boolean;
  /** False: nothing says that later responses are the same, and RFC 9111 allows no reuse. */
  readonly reusable: boolean;
  /** What the origin may send, in objects: a coding that must be asked for anew costs some more. */
  readonly maxCost?: number;
}

const oddities: readonly Oddity[] = [
  { name: 'no ranges', object: { ranges: false }, reusable: true },
  { name: 'ranges ignored', actions: [{ kind: 'ignore-range' }], reusable: true },
  { name: 'no validators', actions: [{ kind: 'no-validators' }], reusable: true },
  {
    name: 'no validators and no freshness',
    object: { etag: null, lastModified: null, fields: { 'Cache-Control': 'no-cache' } },
    reusable: false,
  },
  { name: 'a weak ETag alone', object: { etag: 'W/"1"', lastModified: null }, reusable: true },
  { name: 'chunked coding', actions: [{ kind: 'chunked' }], reusable: true, maxCost: 2 },
  {
    name: 'chunked coding of the whole',
    object: { ranges: false },
    actions: [{ kind: 'chunked' }],
    reusable: true,
    maxCost: 2,
  },
  {
    name: 'a body that the connection ends',
    object: { ranges: false },
    actions: [{ kind: 'close-delimited' }],
    reusable: true,
  },
  {
    name: 'responses shorter than asked',
    // Only of whole chunks: else the rest would come byte by byte.
    when: ({ range }) => startsChunk(range),
    actions: [{ kind: 'shorter-range', bytes: 5000 }],
    reusable: true,
  },
  { name: 'a connection for each response', actions: [{ kind: 'close-after' }], reusable: true },
  { name: 'an interim response', actions: [{ kind: 'interim', status: 103 }], reusable: true },
  { name: 'no-store', object: { cacheControl: 'no-store' }, reusable: false },
];

for (const { name, object, actions, when, reusable, maxCost = 1 } of oddities) {
  t.test(`objects of an origin with ${name} are served`, async (t) => {
    const scene = await startScene(t, {
      seed: SEED,
      lengthBytes: LENGTH,
      ...(object && { object }),
      env: QUICK_RETRIES,
    });
    const { origin, url, program } = scene;
    if (actions !== undefined) origin.script({ actions, ...(when && { when }) });

    const together = await Promise.all([get(url), get(url)]);
    for (const got of together) {
      t.ok(got.whole && got.body.length === LENGTH && isPattern(got.body, SEED, 0), 'right bytes');
    }
    const bytes = origin.bodyBytes;
    if (reusable) {
      await program.metricReaches('forebay_inflight_fills', (fills) => fills === 0);
      t.ok(bytes <= maxCost * LENGTH + MEBIBYTE, `sent ${String(bytes)} of ${String(LENGTH)}`);
    }
    const range = await getRange(url, 3 * MEBIBYTE - 7, 3 * MEBIBYTE + 9);
    t.equal(range.status, 206);
    t.ok(range.whole && range.body.length === 16 && isPattern(range.body, SEED, 3 * MEBIBYTE - 7));
    if (reusable) {
      t.match(cacheStatusOf(range), /^forebay;hit/);
      t.equal(origin.bodyBytes, bytes, 'served from the cache');
    } else t.notMatch(cacheStatusOf(range), /hit|stored/);
  });
}

t.test('several origins are each served at their mount', async (t) => {
  const a = await startSceneOrigin(t, { seed: 1, lengthBytes: 1000 });
  const b = await startSceneOrigin(t, { seed: 2, lengthBytes: 1000 });
  const config = `origins:\n  - {mount: /a, url: '${a.url}'}\n  - {mount: /b, url: '${b.url}'}\n`;
  const program = await startProgram(t, { config });
  t.ok(isPattern((await get(`${program.url}/a/model`)).body, 1, 0));
  t.ok(isPattern((await get(`${program.url}/b/model`)).body, 2, 0));
  t.equal((await get(`${program.url}/c/model`)).status, 404);
});

function startsChunk(range: string | undefined): boolean {
  const first = /^bytes=(\d+)-/.exec(range ?? '')?.[1];
  return first !== undefined && Number(first) % MEBIBYTE === 0;
}
