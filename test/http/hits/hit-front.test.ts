/**
 * What of a front with a hit server is the front's: test/hits has what clients see of whole
 * Forebays.
 */
import t from 'tap';
import {
  CLIENT_IDLE_MS,
  hasAnswers,
  type HitScene,
  KEEP_ALIVE_MS,
  startHitScene,
} from '../../fixtures/hit-scene.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { bodyOf, getRequest, type RawClient } from '../../fixtures/sending.js';
import { waitUntil } from '../../fixtures/wait-until.js';

/** The most that the hit server sends by itself. */
const LARGE = 1024 * 1024;

/** Asks for `/a` on a connection until all of the answer is there. */
async function ask({ bytes }: HitScene, client: RawClient, fields = ''): Promise<string> {
  const before = client.bytes.length;
  client.write(getRequest('/a', fields));
  await client.until(() => hasBody(client.bytes.subarray(before), bytes.length));
  return client.text.slice(before);
}

function hasBody(bytes: Buffer, length: number): boolean {
  return bodyOf(bytes).length >= length;
}

t.test('an answer of the hit server is logged and counted like any other', async (t) => {
  const scene = await startHitScene(t);
  const { front, lines, telemetry, bytes } = scene;
  await scene.learn();
  const client = scene.connect();
  await ask(scene, client, 'X-Request-Id: mine\r\n');
  t.ok(bodyOf(client.bytes).equals(bytes));
  t.equal(await scene.answers(), 1);
  await scene.told(2);
  const [ordinary = {}, line = {}] = lines;
  t.equal(line['requestId'], 'mine');
  t.type(line['waitMs'], 'number');
  const own = { requestId: '', waitMs: 0, time: 0 };
  t.same({ ...line, ...own }, { ...ordinary, ...own }, 'nothing else is different');
  const shown = front.requests.list(10).find(({ requestId }) => requestId === 'mine');
  t.match(shown, { requestId: 'mine', target: '/a', sentBytes: bytes.length, origin: 'origin' });
  const metrics = await telemetry.metrics.text();
  t.match(metrics, /^forebay_requests_total\{method="GET",code="200",result="hit"\} 2$/m);
  t.match(metrics, /^forebay_inflight_requests 0$/m);
});

t.test('an invalidation applies to the next request on the same connection', async (t) => {
  const scene = await startHitScene(t);
  await scene.learn();
  const client = scene.connect();
  await ask(scene, client);
  const { length } = scene.cache.requests;
  await ask(scene, client);
  t.equal(scene.cache.requests.length, length, 'no lookup was made');
  const other = Buffer.alloc(scene.bytes.length, 1);
  scene.cache.objects.set('/a', { bytes: other });
  scene.state.stands = false;
  scene.changes.bump();
  const answer = await ask(scene, client);
  t.ok(bodyOf(Buffer.from(answer, 'latin1')).equals(other));
  t.equal(await scene.answers(), 2);
});

t.test('access lines of pipelined requests come in order, whoever answers', async (t) => {
  const scene = await startHitScene(t, { lengthBytes: 1000 });
  await scene.learn();
  scene.cache.objects.set('/b', { bytes: Buffer.from('b') });
  const clients = Array.from({ length: 60 }, () => scene.connect());
  const paths = ['/a', '/a', '/b', '/a'];
  for (const [index, client] of clients.entries()) {
    const id = (at: number): string => `X-Request-Id: ${String(index)}.${String(at)}\r\n`;
    client.write(paths.map((path, at) => getRequest(path, id(at))).join(''));
  }
  await scene.told(1 + paths.length * clients.length);
  const seen = new Map<string, string>();
  for (const { requestId } of scene.lines.slice(1)) {
    const [client = '', at = ''] = String(requestId).split('.');
    seen.set(client, (seen.get(client) ?? '') + at);
  }
  t.same(new Set(seen.values()), new Set(['0123']));
  t.equal(await scene.answers(), 2 * clients.length);
});

t.test('an idle connection is closed after keepAliveTimeout', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { clock });
  await scene.learn();
  const client = scene.connect();
  await ask(scene, client);
  await scene.told(2);
  clock.advance(KEEP_ALIVE_MS - 1);
  await ask(scene, client);
  await scene.told(3);
  clock.advance(KEEP_ALIVE_MS - 1000);
  t.equal(scene.front.connectionCount, 1, 'it has been used since');
  clock.advance(2000);
  await client.closed();
  t.equal(await scene.answers(), 2, 'it was the hit server that had it');
  t.equal(scene.lines.length, 3);
});

t.test('a connection without a request is given to Node, whose timeout answers it', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { clock, headersTimeoutMs: 200 });
  await scene.learn();
  const client = scene.connect();
  await waitUntil('a connection', () => scene.front.connectionCount === 1);
  clock.advance(1000);
  await client.closed();
  t.match(client.text, /^HTTP\/1.1 408 /);
});

t.test('connections beyond the bound are refused by Node', async (t) => {
  const scene = await startHitScene(t, { maxConnections: 1 });
  await scene.learn();
  const client = scene.connect();
  await ask(scene, client);
  const surplus = await scene.connect().write(getRequest('/a')).closed();
  t.match(surplus.text, /^HTTP\/1.1 503 .*too-many-connections/s);
  await ask(scene, client);
  t.equal(await scene.answers(), 2);
});

t.test('clients that close half or all of a connection are handled', async (t) => {
  const scene = await startHitScene(t);
  await scene.learn();
  const half = scene.connect();
  half.socket.end(getRequest('/a'));
  await half.closed();
  t.ok(bodyOf(half.bytes).equals(scene.bytes));
  const reset = scene.connect();
  await ask(scene, reset);
  reset.socket.resetAndDestroy();
  await waitUntil('no connection', () => scene.front.connectionCount === 0);
  t.equal(await scene.answers(), 2);
});

t.test('the rest of a partly sent answer is sent, and then the connection goes on', async (t) => {
  const scene = await startHitScene(t, { lengthBytes: LARGE });
  await scene.learn();
  const client = scene.connect();
  await scene.fill(client);
  const asked = scene.lines.length;
  t.ok(asked > 1, 'it took some whole');
  client.socket.resume();
  await scene.told(asked + 1);
  // Every byte in its place; looked at near the end alone, for it is a lot.
  await client.until((length) => length > asked * LARGE && hasAnswers(client, scene.bytes, asked));
  t.ok(hasAnswers(client, scene.bytes, asked));
  t.match(scene.lines.at(-1), { ending: 'complete', bytes: LARGE, status: 200 });
  const before = await scene.answers();
  t.ok(bodyOf(Buffer.from(await ask(scene, client), 'latin1')).equals(scene.bytes));
  t.equal(await scene.answers(), before + 1, 'by the hit server again');
  t.equal(scene.cache.requests.length, 1);
});

t.test('an answer whose object is forgotten while its client reads is logged', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { lengthBytes: LARGE, clock });
  await scene.learn();
  const client = scene.connect();
  await scene.fill(client);
  const before = scene.lines.length;
  scene.state.stands = false;
  scene.changes.bump();
  await ask(scene, scene.connect());
  await scene.told(before + 1);
  clock.advance(4000);
  client.socket.resume();
  await scene.told(before + 2);
  t.match(scene.lines.at(-1), { ending: 'complete', bytes: LARGE, path: '/a' });
  await waitUntil('no lease', () => scene.state.leases === 0);
});

t.test('a client that reads nothing is cut and logged', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { lengthBytes: LARGE, clock });
  await scene.learn();
  const client = scene.connect();
  await scene.fill(client);
  const { length } = scene.lines;
  let passedMs = 0;
  // Only time in which the client has taken nothing counts, and its buffers may not be full at
  // first.
  while (scene.lines.length === length && passedMs < 4 * CLIENT_IDLE_MS) {
    clock.advance(1000);
    passedMs += 1000;
    await new Promise(setImmediate);
  }
  await scene.told(length + 1);
  const line = scene.lines.at(-1);
  t.match(line, { ending: 'client-idle', status: 200, result: 'hit' });
  t.ok(Number(line?.['bytes']) < LARGE);
  client.socket.resume();
  await client.closed();
  await waitUntil('no lease', () => scene.state.leases === 0);
  t.equal(scene.front.connectionCount, 0);
});

t.test('a failed send of the rest closes the connection and releases the lease', async (t) => {
  const clock = new ManualClock();
  const sendRest = (): Promise<never> => Promise.reject(new Error('no descriptors'));
  const scene = await startHitScene(t, { lengthBytes: LARGE, clock, sendRest });
  await scene.learn();
  const client = scene.connect();
  await scene.fill(client);
  client.socket.resume();
  await client.closed();
  t.match(scene.lines.at(-1), { ending: 'failed', code: 'disk' });
  clock.advance(4000);
  await waitUntil('no lease', () => scene.state.leases === 0);
});

t.test('pressure releases chunks, and the main thread answers their requests', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { clock });
  await scene.learn();
  const client = scene.connect();
  await ask(scene, client);
  t.equal(scene.state.leases, 1);
  scene.press();
  await waitUntil('no lease', () => scene.state.leases === 0);
  const { length } = scene.cache.requests;
  await ask(scene, client);
  t.equal(scene.state.leases, 0, 'it is not held again at once');
  clock.advance(100);
  await ask(scene, scene.connect());
  t.equal(scene.state.leases, 1);
  t.equal(await scene.answers(), 2);
  t.equal(scene.cache.requests.length, length, 'by reusable hits all the same');
});

t.test('drain: idle connections close at once, a running answer ends', async (t) => {
  const scene = await startHitScene(t, { lengthBytes: LARGE });
  await scene.learn();
  const [idle, silent, slow] = [scene.connect(), scene.connect(), scene.connect()];
  await ask(scene, idle);
  await scene.fill(slow);
  await waitUntil('three connections', () => scene.front.connectionCount === 3);
  const asked = scene.lines.length - 1;
  const drained = scene.front.drain();
  await Promise.all([idle.closed(), silent.closed()]);
  t.equal(slow.ended, false);
  slow.socket.resume();
  await slow.closed();
  t.ok(hasAnswers(slow, scene.bytes, asked), 'all that it was promised');
  await drained;
  t.match(scene.lines.at(-1), { ending: 'complete', bytes: LARGE });
  t.equal(scene.lines.length, asked + 2, 'logged once');
  t.equal(scene.state.leases, 0);
});

t.test('drain: an answer that runs at the deadline is cut and logged', async (t) => {
  const clock = new ManualClock();
  const scene = await startHitScene(t, { lengthBytes: LARGE, clock, drainTimeoutMs: 1000 });
  await scene.learn();
  const client = scene.connect();
  await scene.fill(client);
  const { length } = scene.lines;
  const drained = scene.front.drain();
  clock.advance(1000);
  await drained;
  await scene.told(length + 1);
  t.match(scene.lines.at(-1), { ending: 'client-closed', code: undefined });
  t.equal(scene.state.leases, 0);
});
