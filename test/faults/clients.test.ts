/** What clients do wrong: they leave, read slowly, or close half. Others never notice. */
import http from 'node:http';
import { once } from 'node:events';
import t from 'tap';
import { get, isPattern } from '../fixtures/program-client.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { startScene } from '../fixtures/program-scene.js';
import { createGate } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 24;
const LENGTH = 16 * MEBIBYTE + 7;

/** A response that a test holds at a gate is no stalled one, however busy the machine is. */
const PATIENT = { FOREBAY_FILL_IDLE_TIMEOUT: '60s', FOREBAY_FILL_MIN_RATE_WINDOW: '60s' };

t.test('clients that disconnect in the middle do not harm the others', async (t) => {
  const { origin, program, url, isRight } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: PATIENT,
  });
  const gate = createGate();
  const remove = origin.script({
    when: ({ range }) => range?.startsWith(`bytes=${String(4 * MEBIBYTE)}-`) === true,
    actions: [{ kind: 'gate', at: 500_000, gate }],
  });
  // The first to come leads the fill in which it leaves.
  const leavers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const request = http.get(url, { agent: false });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      response.on('error', () => undefined).resume();
      return request;
    }),
  );
  await gate.reached;
  const stayers = [get(url), get(url)];
  await program.metricReaches('forebay_inflight_requests', (requests) => requests === 6);
  for (const request of leavers) leave(request);
  await program.metricReaches('forebay_inflight_requests', (requests) => requests === 2);
  gate.open();
  t.ok((await Promise.all(stayers)).every(isRight), 'the remaining clients have the whole object');
  remove();
  t.ok(isRight(await get(url)));
  t.equal(origin.bodyBytes, LENGTH, 'and each byte was fetched once');
});

t.test('when every client disconnects, the chunks in flight are kept', async (t) => {
  const { origin, program, url, isRight } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: PATIENT,
  });
  const gate = createGate();
  origin.script({ times: 1, actions: [{ kind: 'gate', at: 500_000, gate }] });
  const request = http.get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.on('error', () => undefined).resume();
  await gate.reached;
  leave(request);
  await program.metricReaches('forebay_inflight_requests', (requests) => requests === 0);
  gate.open();
  await program.metricReaches('forebay_cache_chunks', (chunks) => chunks >= 1);
  t.ok(isRight(await get(url)));
  t.equal(origin.bodyBytes, LENGTH);
});

t.test('a reader that stops does not slow others, and is cut in the end', async (t) => {
  const { origin, program, url, isRight } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: { FOREBAY_LISTEN_CLIENT_IDLE_TIMEOUT: '1s' },
  });
  const slow = await connectRaw(t, url);
  slow.socket.pause();
  slow.send('GET /model HTTP/1.1\r\nHost: x\r\n\r\n');
  await program.metricReaches('forebay_inflight_requests', (requests) => requests === 1);
  const fast = await Promise.all(Array.from({ length: 4 }, () => get(url)));
  t.ok(fast.every(isRight));
  t.equal(origin.bodyBytes, LENGTH);
  await program.metricReaches('forebay_inflight_requests', (requests) => requests === 0);
  t.equal(program.logs().at(-1)?.['ending'], 'client-idle');
});

t.test('a slow reader gets every byte', async (t) => {
  const { url } = await startScene(t, { seed: SEED, lengthBytes: LENGTH, env: PATIENT });
  const request = http.get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const pieces: Buffer[] = [];
  // Takes one piece at a time, with turns of the event loop between.
  for await (const piece of response) {
    pieces.push(piece as Buffer);
    if (pieces.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const body = Buffer.concat(pieces);
  t.ok(response.complete && body.length === LENGTH && isPattern(body, SEED, 0));
});

t.test('a client that half-closes while the origin is slow gets its answer', async (t) => {
  const { origin, url } = await startScene(t, { seed: SEED, lengthBytes: LENGTH, env: PATIENT });
  const gate = createGate();
  origin.script({ times: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const client = await connectRaw(t, url);
  client.socket.end('GET /model HTTP/1.1\r\nHost: x\r\n\r\n');
  await gate.reached;
  gate.open();
  const { status, body } = await client.response();
  t.equal(status, 200);
  t.ok(body.length === LENGTH && isPattern(body, SEED, 0));
});

/** With a reset: a FIN alone could be a half-close, and shows only when the next byte is sent. */
function leave(request: http.ClientRequest): void {
  request.socket?.resetAndDestroy();
}
