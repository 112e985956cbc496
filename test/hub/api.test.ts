/** JSON of a hub, in front of an origin that answers as the test says. */
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { startForebay } from '../fixtures/running.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const INFO = '/api/models/acme/m/revision/main';
const MINE = { headers: { authorization: 'Bearer hf_mine' } };
const OTHER = { headers: { authorization: 'Bearer hf_other' } };
const STALE_SECONDS = 24 * 60 * 60;

/** How long the cache hears nothing before it gives what is stale (cache/answer/validation). */
const SILENCE_MS = 2000;

/** The silence passes sooner than the origin below breaks it. */
class HastyClock extends ShiftedClock {
  override after(ms: number, callback: () => void): () => void {
    return super.after(ms === SILENCE_MS ? 20 : ms, callback);
  }
}

async function start(t: Test, offline = true) {
  const origin = await startEchoOrigin(t);
  const clock = new HastyClock();
  const origins = [{ name: 'hub', adapter: 'huggingface', url: origin.url }];
  const forebay = await startForebay(t, { origins, clock, hub: { offline } });
  const answer = (status: number, delayMs = 0) => {
    origin.answer = async (request, response) => {
      await origin.read(request);
      await setTimeout(delayMs);
      response.writeHead(status);
      response.end('{"id":"acme/m"}');
    };
  };
  answer(200);
  const status = async (more = MINE) => (await forebay.get(INFO, more)).status;
  return { origin, clock, forebay, answer, status };
}

t.test('a refused client gets nothing stale, also while the hub fails', async (t) => {
  for (const refusal of [401, 403]) {
    const { clock, answer, status } = await start(t);
    t.equal(await status(), 200);
    t.equal(await status(OTHER), 200);
    clock.pass(STALE_SECONDS);
    answer(refusal);
    t.equal(await status(), refusal);
    answer(503);
    t.equal(await status(), 429);
    t.equal(await status(OTHER), 200, 'a stale answer is served');
  }
});

t.test('a slow hub is awaited for a client that may have lost access', async (t) => {
  const { clock, answer, status } = await start(t);
  t.equal(await status(), 200);
  clock.pass(STALE_SECONDS);
  answer(403, 300);
  t.equal(await status(), 403);
});

t.test('without stale-if-error a failing hub gives no stale answer', async (t) => {
  const { origin, clock, status } = await start(t, false);
  t.equal(await status(), 200);
  clock.pass(STALE_SECONDS);
  origin.answer = (request) => {
    request.socket.destroy();
  };
  t.equal(await status(), 504);
});

t.test('a renamed repository is answered through its redirect', async (t) => {
  const { origin, forebay } = await start(t);
  const old = INFO.replace('/m/', '/old/');
  origin.answer = async (request, response) => {
    const { path } = await origin.read(request);
    if (path === old) {
      response.writeHead(307, { location: INFO, 'cache-control': 'no-store' });
      response.end();
    } else response.end('{"id":"acme/m"}');
  };
  for (let time = 0; time < 2; time += 1) t.equal((await forebay.get(old)).status, 200);
  const asked = origin.received.filter(({ path }) => path === INFO);
  t.equal(asked.length, 1, 'what the redirect leads to is kept');
});

t.test('an answer that cannot be forwarded is not stored', async (t) => {
  const { origin, forebay, answer, status } = await start(t);
  const saying = (body: string, headers: Readonly<Record<string, string>> = {}) => {
    origin.answer = async (request, response) => {
      await origin.read(request);
      response.writeHead(200, headers).end(body);
    };
  };
  saying('<html>log in to the network first</html>');
  t.equal(await status(), 502);
  saying('[]', { link: '<http://elsewhere.example/x>; rel="next"' });
  t.equal((await forebay.get(INFO, MINE)).status, 502);
  answer(200);
  t.equal(await status(), 200, 'neither is stored');
});

t.test('coded JSON and messages are decoded', async (t) => {
  const { origin, forebay, answer } = await start(t);
  const saying = (status: number) => {
    origin.answer = async (request, response) => {
      await origin.read(request);
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      response.writeHead(status, headers).end(gzipSync('{"id":"acme/m"}'));
    };
  };
  saying(429);
  const limited = await forebay.get(INFO, MINE);
  t.equal(limited.status, 429);
  t.equal(limited.body.toString(), '{"id":"acme/m"}');
  saying(200);
  for (let time = 0; time < 2; time += 1) {
    const { status, body, headers } = await forebay.get(INFO, OTHER);
    t.equal(status, 200);
    t.equal(body.toString(), '{"id":"acme/m"}');
    t.equal(headers['content-encoding'], undefined);
  }
  answer(200);
});

t.test('a refusal by one route discards what another route stored', async (t) => {
  const { origin, clock, forebay, status } = await start(t);
  const refs = '/api/models/acme/m/refs';
  const ofRefs = async () => (await forebay.get(refs, MINE)).status;
  t.equal(await status(), 200);
  t.equal(await ofRefs(), 200);
  clock.pass(10);
  const { answer } = origin;
  origin.answer = async (request, response) => {
    if (request.headers.authorization !== MINE.headers.authorization)
      return answer(request, response);
    await origin.read(request);
    response.writeHead(request.url === refs ? 403 : 503, { 'x-error-code': 'GatedRepo' }).end();
  };
  clock.pass(STALE_SECONDS);
  t.equal(await ofRefs(), 403);
  t.equal(await status(), 429, 'no stale answer is served any more');
  t.equal(await status(OTHER), 200);
});

t.test('a wait that the hub requests is forwarded', async (t) => {
  const { origin, forebay } = await start(t);
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(429, { 'retry-after': '120' }).end();
  };
  for (const path of [INFO, '/acme/m/resolve/main/x']) {
    const { status, headers } = await forebay.get(path);
    t.equal(status, 429, path);
    t.equal(headers['retry-after'], '120', path);
  }
});

t.test('a description of a hundred thousand files is parsed once', async (t) => {
  const { origin, forebay } = await start(t);
  const name = (index: number) =>
    `data/${'long-'.repeat(50)}${String(index).padStart(8, '0')}.parquet`;
  const files = Array.from({ length: 100_000 }, (_, index) => ({
    rfilename: name(index),
    size: index === 7 ? 60e9 : index,
    xetHash: 'f'.repeat(64),
  }));
  const whole = JSON.stringify({ sha: 'a'.repeat(40), xetEnabled: true, siblings: files });
  const big = '/api/datasets/acme/big/revision/main';
  origin.answer = async (request, response) => {
    const { path } = await origin.read(request);
    // One has no length until it has ended.
    if (path === `${big}?chunked`) response.write(whole.slice(0, 10_000_000));
    response.end(path === `${big}?chunked` ? whole.slice(10_000_000) : whole);
  };
  for (const path of [big, `${big}?chunked`]) {
    const first = await forebay.get(path);
    t.equal(first.status, 200);
    const told = JSON.parse(first.body.toString()) as { siblings: typeof files };
    t.notOk('xetEnabled' in told);
    t.equal(told.siblings.length, files.length);
    const keeping = told.siblings.filter((file) => 'xetHash' in file);
    t.strictSame(keeping, [files[7]], 'what clients have from Xet alone');
    const again = await forebay.get(path);
    t.ok(again.body.equals(first.body), 'a hit is the same');
    t.match(again.headers['cache-status'], 'hit');
    t.equal(again.headers.etag, first.headers.etag);
    const head = await forebay.get(path, { method: 'HEAD' });
    t.equal(head.headers['content-length'], String(first.body.length));
  }
  t.equal(origin.received.filter(({ path }) => path === big).length, 1);
});
