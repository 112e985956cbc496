/** The Hub's double against the Hub's contract: what the mirror's tests lean on. */
import t, { type Test } from 'tap';
import { startHubDouble } from '../fixtures/hub-double.js';
import { gguf, ggufModel, safetensors, shardedModel } from '../fixtures/hub-models.js';
import { blobId, hash } from '../fixtures/hub-repository.js';

const FILES = shardedModel({ shards: 2, shardBytes: 256 * 1024 });
const SHARD = 'model-00001-of-00002.safetensors';
const BYTES = FILES[SHARD] ?? Buffer.alloc(0);

async function start(t: Test) {
  const hub = await startHubDouble(t, {
    repositories: [
      { id: 'acme/tiny', files: FILES },
      { id: 'gpt2', files: { 'config.json': Buffer.from('{}') } },
      { id: 'acme/rows', kind: 'datasets', files: { 'rows.parquet': Buffer.from('rows') } },
      {
        id: 'acme/gated',
        access: { kind: 'gated', tokens: ['hf_a'] },
        files: ggufModel({ tensorBytes: 4096 }),
      },
      { id: 'acme/private', access: { kind: 'private', tokens: ['hf_a'] }, files: FILES },
    ],
    tokens: ['hf_b'],
    treePageSize: 3,
  });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, hub.url), { redirect: 'manual', ...init });
  return { hub, ask };
}

function bearer(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

t.test('hub double: an LFS file is a signed redirect to the other host', async (t) => {
  const { hub, ask } = await start(t);
  const head = await ask(`/acme/tiny/resolve/main/${SHARD}`, { method: 'HEAD' });
  const commit = head.headers.get('x-repo-commit') ?? '';
  t.equal(head.status, 302);
  t.match(commit, /^[0-9a-f]{40}$/);
  t.equal(head.headers.get('x-linked-size'), String(BYTES.length));
  t.equal(head.headers.get('x-linked-etag'), `"${hash('sha256', BYTES)}"`);
  t.match(head.headers.get('link'), /rel="xet-auth".*rel="xet-reconstruction-info"/);
  t.match(head.headers.get('x-xet-hash'), /^[0-9a-f]{64}$/);

  const location = head.headers.get('location') ?? '';
  t.equal(new URL(location).host, new URL(hub.cdnUrl).host);
  t.not(new URL(hub.cdnUrl).hostname, new URL(hub.url).hostname);
  const got = await fetch(location);
  t.equal(got.status, 200);
  t.ok(Buffer.from(await got.arrayBuffer()).equals(BYTES));
  const etag = got.headers.get('etag') ?? '';
  t.not(etag, head.headers.get('x-linked-etag'));

  const range = { headers: { range: 'bytes=10-19' } };
  const part = await fetch(location, range);
  t.equal(part.status, 206);
  t.equal(part.headers.get('content-range'), `bytes 10-19/${String(BYTES.length)}`);
  t.ok(Buffer.from(await part.arrayBuffer()).equals(BYTES.subarray(10, 20)));
  const other = await fetch(location, { headers: { ...range.headers, 'if-range': '"other"' } });
  t.equal(other.status, 200);
  await other.arrayBuffer();
  const beyond = await fetch(location, { headers: { range: `bytes=${String(BYTES.length)}-` } });
  t.equal(beyond.status, 416);

  t.equal((await fetch(location, bearer('hf_a'))).status, 400, 'credentials do not belong here');
  t.equal((await fetch(location.replace(/.$/, 'x'))).status, 403, 'forged');
  hub.signer.expireAll();
  t.equal((await fetch(location)).status, 403, 'expired at once');
  const again = await ask(`/acme/tiny/resolve/${commit}/${SHARD}`);
  const fresh = again.headers.get('location') ?? '';
  t.equal((await fetch(fresh, { method: 'HEAD' })).status, 200);
  hub.now = () => Date.now() + 3_601_000;
  t.equal((await fetch(fresh)).status, 403, 'expired by time');
  t.equal(hub.contentBytes, BYTES.length * 2 + 10);
});

t.test('hub double: a small file is a redirect within the host', async (t) => {
  const { hub, ask } = await start(t);
  const bytes = FILES['config.json'] ?? Buffer.alloc(0);
  const head = await ask('/acme/tiny/resolve/main/config.json', { method: 'HEAD' });
  t.equal(head.status, 307);
  const location = head.headers.get('location') ?? '';
  t.match(location, /^\/api\/resolve-cache\/models\/acme\/tiny\/[0-9a-f]{40}\/config\.json\?/);
  const got = await ask(location, { headers: { 'accept-encoding': 'identity' } });
  t.equal(got.headers.get('etag'), `"${blobId(bytes)}"`);
  t.equal(got.headers.get('x-repo-commit'), head.headers.get('x-repo-commit'));
  t.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
  const packed = await ask(location, { headers: { 'accept-encoding': 'gzip' } });
  t.equal(packed.headers.get('content-encoding'), 'gzip');
  t.match(packed.headers.get('etag'), /^W\//);
  t.equal(await packed.text(), bytes.toString());

  const raw = await ask(`/acme/tiny/raw/main/${SHARD}`, {
    headers: { 'accept-encoding': 'identity' },
  });
  t.match(await raw.text(), `oid sha256:${hash('sha256', BYTES)}`, 'git has a pointer');

  hub.stripHeadLength = true;
  const identity = { 'accept-encoding': 'identity' };
  const bare = await ask(location, { method: 'HEAD', headers: identity });
  t.equal(bare.headers.get('content-length'), null);
});

t.test('hub double: the API lists in pages', async (t) => {
  const { ask } = await start(t);
  const info = (await (await ask('/api/models/acme/tiny')).json()) as {
    sha: string;
    siblings: { rfilename: string }[];
  };
  t.same(info.siblings.map(({ rfilename }) => rfilename).sort(), Object.keys(FILES).sort());
  const named = await ask('/api/models/acme/tiny/revision/main');
  t.match(await named.json(), { sha: info.sha });

  const paths: string[] = [];
  let next: string | undefined = `/api/models/acme/tiny/tree/${info.sha}?recursive=true`;
  let pages = 0;
  while (next !== undefined) {
    const page = await ask(next);
    for (const entry of (await page.json()) as { path: string; type: string; xetHash?: string }[]) {
      if (entry.type === 'file') paths.push(entry.path);
      t.equal('xetHash' in entry, entry.path.endsWith('.safetensors'), entry.path);
    }
    next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    pages += 1;
  }
  t.ok(pages > 1);
  t.same(paths.sort(), Object.keys(FILES).sort());

  const url = `/api/models/acme/tiny/paths-info/${info.sha}`;
  for (const [type, body] of [
    ['application/json', JSON.stringify({ paths: [SHARD, 'tokenizer'] })],
    ['application/x-www-form-urlencoded', `paths=${SHARD}&paths=tokenizer&expand=False`],
  ] as const) {
    const answer = await ask(url, { method: 'POST', headers: { 'content-type': type }, body });
    t.match(await answer.json(), [
      { path: SHARD, size: BYTES.length, lfs: { oid: hash('sha256', BYTES) } },
      { path: 'tokenizer', type: 'directory' },
    ]);
  }
  t.match(await (await ask('/api/models/gpt2/refs')).json(), { branches: [{ name: 'main' }] });
  t.equal((await ask('/datasets/acme/rows/resolve/main/rows.parquet')).status, 302);
  t.equal((await ask('/gpt2/resolve/main/config.json')).status, 307);
});

t.test("hub double: missing and forbidden files get the Hub's errors", async (t) => {
  const { hub, ask } = await start(t);
  const verdict = async (path: string, init?: RequestInit) => {
    const { status, headers } = await ask(path, init);
    return `${String(status)} ${headers.get('x-error-code') ?? '-'}`;
  };
  const gated = '/acme/gated/resolve/main/tiny-f32.gguf';
  const hidden = `/acme/private/resolve/main/${SHARD}`;
  t.equal(await verdict('/acme/tiny/resolve/main/none'), '404 EntryNotFound');
  t.equal(await verdict('/acme/tiny/resolve/none/config.json'), '404 RevisionNotFound');
  t.equal(await verdict('/acme/none/resolve/main/config.json'), '401 RepoNotFound');
  t.equal(await verdict('/api/models/acme/none', bearer('hf_b')), '404 RepoNotFound');
  t.equal(await verdict(gated), '401 GatedRepo');
  t.equal(await verdict(gated, bearer('hf_b')), '403 GatedRepo');
  t.equal(await verdict(gated, bearer('hf_a')), '302 -');
  t.equal(await verdict(hidden, bearer('hf_b')), '404 RepoNotFound');
  t.equal(await verdict(hidden, bearer('hf_a')), '302 -');
  t.equal(await verdict('/api/whoami-v2'), '401 -');
  t.equal(await verdict('/api/whoami-v2', bearer('hf_b')), '200 -');

  const tree = '/api/models/acme/gated/tree/main';
  const hashes = async (init?: RequestInit) =>
    ((await (await ask(tree, init)).json()) as { xetHash?: string }[]).flatMap(
      ({ xetHash }) => xetHash ?? [],
    );
  t.same(await hashes(), ['*'.repeat(64)], 'a client without access gets masked hashes');
  t.notSame(await hashes(bearer('hf_a')), ['*'.repeat(64)]);

  hub.revoke('hf_a');
  t.equal(await verdict(gated, bearer('hf_a')), '401 -');
});

t.test('hub double: configured failures and corruptions apply', async (t) => {
  const { hub, ask } = await start(t);
  const path = `/acme/tiny/resolve/main/${SHARD}`;
  const fetched = async () => {
    const { headers } = await ask(path);
    return Buffer.from(await (await fetch(headers.get('location') ?? '')).arrayBuffer());
  };
  const mend = hub.corrupt({ sha256: hash('sha256', BYTES) });
  t.notOk((await fetched()).equals(BYTES));
  mend();
  t.ok((await fetched()).equals(BYTES));

  hub.fail('hub', 503, 2);
  t.equal((await ask(path)).status, 503);
  t.equal((await ask(path)).status, 503);
  t.equal((await ask(path)).status, 302);

  const { url } = hub;
  await hub.stop();
  await t.rejects(ask(path));
  await hub.start();
  t.equal(hub.url, url);
  t.equal((await ask(path)).status, 302);

  const release = hub.holdBodies();
  hub.clear();
  const held = fetched();
  await hub.waitFor(({ requests }) => requests.some(({ host }) => host === 'cdn'));
  t.equal(hub.contentBytes, 0);
  release();
  t.ok((await held).equals(BYTES));
});

t.test('hub double: a new commit moves the branch and keeps the old one', async (t) => {
  const { hub, ask } = await start(t);
  const repository = hub.repository('models', 'gpt2', undefined);
  const before = repository.head.id;
  repository.commit({ 'config.json': Buffer.from('{"new":true}') });
  repository.commit({ 'config.json': Buffer.from('{"pr":1}') }, 'refs/pr/1');
  const text = async (revision: string) => {
    const { headers } = await ask(`/gpt2/resolve/${revision}/config.json`);
    return (await ask(headers.get('location') ?? '')).text();
  };
  t.equal(await text('main'), '{"new":true}');
  t.equal(await text(before), '{}');
  t.equal(await text('refs%2Fpr%2F1'), '{"pr":1}');
});

t.test('hub double: its models are valid', async (t) => {
  const file = safetensors(['a', 'b'], 1024, 7);
  const headerBytes = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, 8 + headerBytes).toString()) as object;
  t.match(header, { a: { data_offsets: [0, 512] }, b: { data_offsets: [512, 1024] } });
  t.equal(file.length, 8 + headerBytes + 1024);
  t.equal(gguf({ tensorBytes: 64 }).subarray(0, 4).toString(), 'GGUF');
});
