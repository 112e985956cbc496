/** What clients that are not run here ask for, request by request, as their sources have it. */
import t, { type Test } from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { blobId, hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { get, headOf } from '../fixtures/program-client.js';

const FILES = shardedModel({ shards: 1, shardBytes: 3 * 1024 * 1024 });
const SHARD = 'model-00001-of-00001.safetensors';
const BYTES = FILES[SHARD] ?? Buffer.alloc(0);
const CONFIG = FILES['config.json'] ?? Buffer.alloc(0);
const LENGTH = BYTES.length;

async function start(t: Test) {
  const { hub, url } = await startHubScene(t, {
    repositories: [{ id: 'acme/tiny', files: FILES }],
  });
  const { id: commit } = hub.repository('models', 'acme/tiny', undefined).head;
  const resolve = `${url}/acme/tiny/resolve/main`;
  return { hub, url, commit, resolve };
}

/** hf-hub (Rust), and @huggingface/hub in browsers: metadata comes from the first byte. */
t.test('the first byte alone gives commit, ETag and length', async (t) => {
  const { commit, resolve } = await start(t);
  const first = { headers: { range: 'bytes=0-0', 'accept-encoding': 'identity' } };
  t.match(await get(`${resolve}/${SHARD}`, first), {
    status: 206,
    headers: {
      'x-repo-commit': commit,
      'x-linked-etag': `"${hash('sha256', BYTES)}"`,
      'content-range': `bytes 0-0/${String(LENGTH)}`,
      'content-length': '1',
    },
  });
  t.match(await get(`${resolve}/config.json`, first), {
    status: 206,
    headers: {
      'x-repo-commit': commit,
      etag: `"${blobId(CONFIG)}"`,
      'content-range': `bytes 0-0/${String(CONFIG.length)}`,
    },
    body: CONFIG.subarray(0, 1),
  });
});

/** llama.cpp: refs, tree by commit, HEAD, then exactly 200, or exactly 206 to resume. */
t.test('refs, tree and HEAD, then a file or its rest, are answered', async (t) => {
  const { url, commit, resolve } = await start(t);
  const refs = await get(`${url}/api/models/acme/tiny/refs`);
  t.match(JSON.parse(refs.body.toString()), {
    branches: [{ name: 'main', targetCommit: commit }],
  });
  const tree = await get(`${url}/api/models/acme/tiny/tree/${commit}?recursive=true`);
  const files = JSON.parse(tree.body.toString()) as { path: string; size: number }[];
  t.equal(files.find(({ path }) => path === SHARD)?.size, LENGTH);

  t.match(await headOf(`${resolve}/${SHARD}`), {
    status: 200,
    headers: {
      etag: `"${hash('sha256', BYTES)}"`,
      'content-length': String(LENGTH),
      'accept-ranges': 'bytes',
    },
  });
  const whole = await get(`${resolve}/${SHARD}`);
  t.equal(whole.status, 200);
  t.ok(whole.body.equals(BYTES));
  const rest = await get(`${resolve}/${SHARD}`, { headers: { range: 'bytes=1000000-' } });
  t.equal(rest.status, 206);
  t.ok(rest.body.equals(BYTES.subarray(1_000_000)));
});

/** KServe writes what comes off the wire, uncompressed or not. */
t.test('bodies are never compressed', async (t) => {
  const { resolve } = await start(t);
  const headers = { 'accept-encoding': 'gzip, deflate, br' };
  for (const [path, bytes] of [
    [SHARD, BYTES],
    ['config.json', CONFIG],
  ] as const) {
    const got = await get(`${resolve}/${path}`, { headers });
    t.equal(got.headers['content-encoding'], undefined);
    t.equal(got.headers['content-type'], 'application/octet-stream');
    t.ok(got.body.equals(bytes), path);
  }
});

/** hf_transfer counts its last range up to and with the length, and never looks at the status. */
t.test('a range that ends beyond the file is cut to it', async (t) => {
  const { resolve } = await start(t);
  const range = `bytes=${String(LENGTH - 10)}-${String(LENGTH)}`;
  const got = await get(`${resolve}/${SHARD}`, { headers: { range } });
  t.equal(got.status, 206);
  t.ok(got.body.equals(BYTES.subarray(-10)));
});

t.test('a CDN without lengths and with expired signatures is handled', async (t) => {
  const { hub, resolve } = await start(t);
  hub.stripHeadLength = true;
  t.match(await headOf(`${resolve}/config.json`), {
    status: 200,
    headers: { 'content-length': String(CONFIG.length) },
  });
  const first = await get(`${resolve}/${SHARD}`, { headers: { range: 'bytes=0-99' } });
  t.equal(first.status, 206);
  hub.signer.expireAll();
  const rest = await get(`${resolve}/${SHARD}`);
  t.equal(rest.status, 200, 'a new signature was requested');
  t.ok(rest.whole && rest.body.equals(BYTES));
});

t.test('Xet fields are not sent to clients', async (t) => {
  const { hub, url, commit, resolve } = await start(t);
  t.equal((await get(`${url}/api/models/acme/tiny/xet-read-token/${commit}`)).status, 404);
  const headers = { accept: 'application/vnd.xet-fileinfo+json, */*' };
  const got = await get(`${resolve}/${SHARD}`, { headers });
  t.ok(got.body.equals(BYTES), 'the file, not a description of it');
  const asked = hub.requests.filter(({ headers: { accept } }) => accept?.includes('xet'));
  t.same(asked, [], 'no request reached the origin');
});

t.test('requests that would write to the hub are refused', async (t) => {
  const { hub, url } = await start(t);
  for (const [method, path] of [
    ['POST', '/api/models/acme/tiny/commit/main'],
    ['POST', '/api/repos/create'],
    ['PUT', '/acme/tiny/resolve/main/config.json'],
    ['DELETE', '/api/repos/delete'],
  ] as const) {
    const { status } = await fetch(url + path, { method, body: '{}' });
    t.equal(status, 405, `${method} ${path}`);
  }
  t.same(hub.requests, []);
});
