/** The mirror as clients meet it, in front of a double of the Hub. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene, startMirror } from '../fixtures/hub-scene.js';
import { get, headOf } from '../fixtures/program-client.js';

const WEIGHTS = Buffer.alloc(3 * 1024 * 1024 + 5, 'weights');
const FILES = { 'model.safetensors': WEIGHTS, 'config.json': Buffer.from('{"a":1}\n') };
const SHA256 = hash('sha256', WEIGHTS);
const TOKEN = 'hf_verysecret';
const FILE = '/acme/m/resolve/main/model.safetensors';
const GATED = '/acme/gated/resolve/main/model.safetensors';

function start(t: Test, env: Readonly<Record<string, string>> = {}) {
  return startHubScene(t, {
    repositories: [
      { id: 'acme/m', files: FILES },
      { id: 'acme/copy', files: FILES },
      { id: 'acme/gated', files: FILES, access: { kind: 'gated', tokens: [TOKEN] } },
    ],
    env,
  });
}

function as(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

t.test('a file has its metadata and ranges, and its bytes are fetched once', async (t) => {
  const { hub, url } = await start(t);
  const commit = hub.repository('models', 'acme/m', undefined).head.id;
  const head = await headOf(url + FILE);
  t.equal(head.status, 200);
  t.match(head.headers, {
    etag: `"${SHA256}"`,
    'x-linked-etag': `"${SHA256}"`,
    'x-linked-size': String(WEIGHTS.length),
    'x-repo-commit': commit,
    'content-length': String(WEIGHTS.length),
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
  });
  t.notMatch(Object.keys(head.headers).join(), /xet|link,|location/);
  t.equal(hub.contentBytes, 0, 'a HEAD costs no content');

  const range = await get(url + FILE, { headers: { range: 'bytes=0-99999999' } });
  t.equal(range.status, 206);
  t.equal(
    range.headers['content-range'],
    `bytes 0-${String(WEIGHTS.length - 1)}/${String(WEIGHTS.length)}`,
  );
  t.ok(range.body.equals(WEIGHTS));
  const past = { headers: { range: `bytes=${String(WEIGHTS.length)}-` } };
  t.equal((await get(url + FILE, past)).status, 416);
  const same = { headers: { 'if-none-match': `"${SHA256}"` } };
  t.equal((await get(url + FILE, same)).status, 304);

  for (const path of [FILE.replace('main', commit), FILE.replace('/m/', '/copy/')]) {
    t.equal(hash('sha256', (await get(url + path)).body), SHA256);
  }
  t.equal(hub.contentBytes, WEIGHTS.length, 'revisions and repositories share them');

  const small = await get(url + FILE.replace('model.safetensors', 'config.json'));
  t.match(small.body.toString(), '{"a":1}');
  t.match(small.headers.etag, /^"[0-9a-f]{40}"$/);
  t.notOk('x-linked-etag' in small.headers);
});

t.test('a CDN without lengths in HEAD is handled', async (t) => {
  const { hub, url } = await start(t);
  hub.stripHeadLength = true;
  const small = await headOf(url + FILE.replace('model.safetensors', 'config.json'));
  t.match(small, { status: 200, headers: { 'content-length': '8' } });
});

t.test("missing files, unread routes and failures get the hub's errors", async (t) => {
  const { hub, url } = await start(t);
  const absent = await get(`${url}/acme/m/resolve/main/none.bin`);
  t.match(absent, { status: 404, headers: { 'x-error-code': 'EntryNotFound' } });
  t.match(absent.headers['x-repo-commit'], /^[0-9a-f]{40}$/);
  const asked = hub.requests.length;
  await get(`${url}/acme/m/resolve/main/none.bin`);
  t.equal(hub.requests.length, asked, 'remembered for a while');
  t.match(absent.headers['cache-status'], 'fwd-status=404');
  const token = await get(`${url}/api/models/acme/m/xet-read-token/main`);
  t.equal(token.status, 404);
  t.notMatch(token.headers['cache-status'], 'fwd-status', 'that is our own');
  t.equal(await post(`${url}/api/repos/create`, '{}'), 405);
  t.equal(await post(`${url}/api/models/acme/m/paths-info/main`, '{"paths":["config.json"]}'), 200);
  hub.fail('hub', 503);
  const failed = await get(url + FILE);
  t.match(failed, { status: 429, headers: { 'retry-after': '1' } });
  t.equal((await get(url + FILE)).status, 200);
});

t.test('stored files are served offline and after a restart to permitted clients', async (t) => {
  const { hub, program, url } = await start(t);
  const info = '/api/models/acme/m/revision/main';
  t.equal((await get(url + FILE)).status, 200);
  t.equal((await get(url + info)).status, 200);
  t.equal((await get(url + GATED, as(TOKEN))).status, 200);
  await program.stop();
  await hub.stop();

  const again = await startMirror(t, hub, { authorizationTtl: '1ms' });
  const weights = await get(again.url + FILE);
  t.equal(hash('sha256', weights.body), SHA256);
  t.match(weights.headers['cache-status'], 'offline');
  t.equal((await get(again.url + info)).status, 200);
  t.equal((await get(again.url + GATED, as(TOKEN))).status, 200);
  for (const denied of [await get(again.url + GATED), await get(again.url + GATED, as('hf_b'))]) {
    t.equal(denied.status, 504);
    t.match(denied.headers['x-error-message'], 'cannot be reached');
    t.notOk(
      'x-error-code' in denied.headers,
      'the answer does not deny that the repository exists',
    );
  }
  const other = await get(`${again.url}/acme/other/resolve/main/x`);
  t.equal(other.status, 504);
});

t.test('no credential or signature is written to disk', async (t) => {
  const { hub, program, url } = await start(t, { FOREBAY_LOG_LEVEL: 'trace' });
  await get(url + GATED, as(TOKEN));
  await get(`${url}/api/models/acme/gated`, as(TOKEN));
  await get(`${url}/api/whoami-v2`, as(TOKEN));
  hub.fail('cdn', 500, 100);
  await get(`${url}/acme/gated/resolve/main/config.json`, as(TOKEN));
  const metrics = await get(`${program.adminUrl}/metrics`);
  await program.stop();
  const files = filesBelow(program.cacheDirectory);
  t.ok(files.length > 3);
  const written = [
    program.stdout(),
    program.stderr(),
    metrics.body.toString(),
    ...files.map((path) => readFileSync(path, 'latin1')),
  ];
  for (const secret of [TOKEN, 'X-Amz-Signature', 'Signature=']) {
    t.notOk(
      written.some((text) => text.includes(secret)),
      secret,
    );
  }
  const key = join(program.cacheDirectory, 'hub-key');
  t.equal(statSync(key).mode & 0o777, 0o600);
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function post(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const request = http.request(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.on('close', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
