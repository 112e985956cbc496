/** What real clients do beside downloading: resuming, asking first, reusing connections. */
import http from 'node:http';
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  cacheStatusOf,
  curl,
  get,
  getRange,
  isPattern,
  missing,
  patternSha256,
  sha256,
} from '../fixtures/program-client.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { startProgram, testDirectory } from '../fixtures/program.js';
import { DEFAULT_ETAG, patternBytes, startOrigin } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 12;
const LENGTH = 5 * MEBIBYTE + 321;

async function start(t: Test) {
  const origin = await startOrigin({
    objects: {
      '/model': { bytes: { seed: SEED, length: LENGTH }, cacheControl: 'max-age=3600' },
      '/empty': { bytes: Buffer.alloc(0), cacheControl: 'max-age=3600' },
    },
  });
  t.teardown(() => origin.close());
  const env = { FOREBAY_CACHE_CHUNK_SIZE: '1MiB' };
  const program = await startProgram(t, { origin: origin.url, env });
  return { origin, program };
}

t.test('curl resumes a download', { skip: missing('curl') }, async (t) => {
  const { origin, program } = await start(t);
  const file = join(testDirectory(t), 'file');
  t.equal((await curl(t, `${program.url}/model`, '-o', file)).code, 0);
  truncateSync(file, 2 * MEBIBYTE + 17);
  const resumed = await curl(t, `${program.url}/model`, '-C', '-', '-o', file);
  t.equal(resumed.code, 0, resumed.stderr);
  t.equal(sha256(readFileSync(file)), patternSha256(SEED, LENGTH));
  t.equal(origin.bodyBytes, LENGTH);
});

t.test('HEAD, 404 and an empty object', async (t) => {
  const { origin, program } = await start(t);
  const head = await get(`${program.url}/model`, { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(head.headers['content-length'], String(LENGTH));
  t.equal(head.headers['accept-ranges'], 'bytes');
  t.equal(head.headers.etag, DEFAULT_ETAG);
  t.equal(head.body.length, 0);
  t.ok(origin.bodyBytes <= MEBIBYTE, 'a HEAD costs a chunk at the most');
  t.notOk(
    origin.requests.some(({ method }) => method === 'HEAD'),
    'and the origin, which may refuse it, sees none',
  );
  t.equal((await get(`${program.url}/nothing`)).status, 404);
  const empty = await get(`${program.url}/empty`);
  t.match(empty, { status: 200, whole: true, headers: { 'content-length': '0' } });
});

t.test('conditional requests and ranges', async (t) => {
  const { program } = await start(t);
  const url = `${program.url}/model`;
  const full = await get(url);
  t.ok(full.whole && isPattern(full.body, SEED, 0));
  t.equal(full.body.length, LENGTH);

  const ask = (headers: Readonly<Record<string, string>>) => get(url, { headers });
  t.match(await ask({ 'if-none-match': DEFAULT_ETAG }), { status: 304, body: Buffer.alloc(0) });
  t.match(await ask({ 'if-none-match': '"other"' }), { status: 200 });
  t.match(await ask({ 'if-match': '"other"' }), { status: 412 });
  const held = await ask({ range: 'bytes=5-9', 'if-range': DEFAULT_ETAG });
  t.equal(held.status, 206);
  t.equal(held.headers['content-range'], `bytes 5-9/${String(LENGTH)}`);
  t.match(await ask({ range: 'bytes=5-9', 'if-range': '"other"' }), { status: 200 });
  const beyond = await ask({ range: `bytes=${String(LENGTH)}-` });
  t.equal(beyond.status, 416);
  t.equal(beyond.headers['content-range'], `bytes */${String(LENGTH)}`);
  const suffix = await ask({ range: 'bytes=-1000' });
  t.equal(suffix.status, 206);
  t.ok(isPattern(suffix.body, SEED, LENGTH - 1000));
  t.match(await ask({ range: 'bytes=9-5' }), { status: 200 }, 'a malformed range is ignored');
});

t.test('a suffix range and a middle range are answered on first contact', async (t) => {
  const { origin, program } = await start(t);
  const suffix = await get(`${program.url}/model`, { headers: { range: 'bytes=-1000' } });
  t.ok(suffix.status === 206 && isPattern(suffix.body, SEED, LENGTH - 1000));
  const middle = await getRange(`${program.url}/model`, 3 * MEBIBYTE - 5, 3 * MEBIBYTE + 5);
  t.ok(middle.status === 206 && isPattern(middle.body, SEED, 3 * MEBIBYTE - 5));
  t.ok(origin.bodyBytes < 4 * MEBIBYTE, 'only what was asked for, in chunks');
});

t.test('one connection serves many requests', async (t) => {
  const { program } = await start(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => {
    agent.destroy();
  });
  const headers = { range: 'bytes=0-99' };
  for (let turn = 0; turn < 20; turn += 1) {
    const got = await get(`${program.url}/model`, { agent, headers });
    if (got.status !== 206 || !isPattern(got.body, SEED, 0)) t.fail(`turn ${String(turn)}`);
  }
  t.equal(await program.metric('forebay_client_connections'), 1);
  t.match(cacheStatusOf(await get(`${program.url}/model`, { agent, headers })), /^forebay;hit/);
});

t.test('pipelined requests are answered in order', async (t) => {
  const { program } = await start(t);
  const client = await connectRaw(t, program.url);
  const starts = [3_000_000, 0, 5_000_000, 1_048_570, 42];
  const requests = starts.map(
    (start) =>
      `GET /model HTTP/1.1\r\nHost: x\r\nRange: bytes=${String(start)}-${String(start + 19)}\r\n\r\n`,
  );
  client.send(requests.join(''));
  for (const start of starts) {
    const { status, body } = await client.response();
    t.equal(status, 206);
    t.ok(body.equals(patternBytes(SEED, start, start + 20)), `the bytes from ${String(start)}`);
  }
});

t.test('an HTTP/1.0 client gets the body and the end of the connection', async (t) => {
  const { program } = await start(t);
  const client = await connectRaw(t, program.url);
  client.send('GET /model HTTP/1.0\r\n\r\n');
  const all = await client.rest();
  const bodyAt = all.indexOf('\r\n\r\n') + 4;
  t.match(all.toString('latin1', 0, bodyAt), /^HTTP\/1\.[01] 200 /);
  t.notMatch(all.toString('latin1', 0, bodyAt), /transfer-encoding/i);
  t.equal(all.length - bodyAt, LENGTH);
  t.ok(isPattern(all.subarray(bodyAt), SEED, 0));
});

t.test('a client that closes its sending half gets its answer', async (t) => {
  const { program } = await start(t);
  const client = await connectRaw(t, program.url);
  client.socket.end('GET /model HTTP/1.1\r\nHost: x\r\n\r\n');
  const { status, body } = await client.response();
  t.equal(status, 200);
  t.ok(body.length === LENGTH && isPattern(body, SEED, 0));
});
