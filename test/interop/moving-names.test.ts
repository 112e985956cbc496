/**
 * Real clients that read a file by a branch's name while somebody pushes to the branch: what they
 * end up with is one commit's file, whole, under that commit's name, and never a mixture. The push
 * comes when their connection breaks, and the decision about the name has grown old by then.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { downloadFile, fileDownloadInfo } from '@huggingface/hub';
import { startCuttingRelay } from '../fixtures/cutting-relay.js';
import { startHubDouble } from '../fixtures/hub-double.js';
import { safetensors } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';
import { aria2c, curl, get, headOf, missing, runTool } from '../fixtures/program-client.js';
import { testDirectory } from '../fixtures/program.js';
import { startForebay } from '../fixtures/running.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

/** Of one length, as the weights of a model and of its fine-tune are. */
const LENGTH = 6 * 1024 * 1024;
const FILE = 'model.safetensors';
const [A, B] = [safetensors(['a'], LENGTH, 5), safetensors(['b'], LENGTH, 9)];
const SHA256 = { A: hash('sha256', A), B: hash('sha256', B) };
const SMALL = { A: Buffer.from('{"of":"A"}'), B: Buffer.from('{"of":"B"}') };

/** Within the first body, past the heads. */
const CUT_BYTES = 2_500_000;

/** Longer than a name is taken for what it named. */
const PASS_SECONDS = 120;

const environments = { plain: prepareClient('hub'), xet: prepareClient('xet') };
const older = prepareClient('transfer');
const rust = prepareClient('rust');
const transformersJs = prepareClient('transformersjs');

async function start(t: Test, [before, after] = [A, B]) {
  const hub = await startHubDouble(t, {
    repositories: [{ id: 'acme/tiny', files: { [FILE]: before, 'config.json': SMALL.A } }],
  });
  const clock = new ShiftedClock();
  const origins = [
    {
      ...{ name: 'hub', adapter: 'huggingface', url: hub.url },
      ...{ redirectHosts: [hub.cdnHost], allowPrivateRedirects: true },
    },
  ];
  const { url } = await startForebay(t, { origins, clock });
  const repository = hub.repository('models', 'acme/tiny', undefined);
  const commits = { A: repository.head.id, B: '' };
  const move = (): void => {
    commits.B = repository.commit({ [FILE]: after, 'config.json': SMALL.B }).id;
    clock.pass(PASS_SECONDS);
  };
  const relay = (cuts = true) =>
    startCuttingRelay(t, url, { afterBytes: CUT_BYTES, times: 1, onCut: move, cuts });
  const name = `/acme/tiny/resolve/main/${FILE}`;
  return { hub, url, move, relay, commits, name, file: join(testDirectory(t), 'got') };
}

for (const [which, environment] of Object.entries({ ...environments, older })) {
  t.test(
    `a branch that moves in mid-download mixes nothing: huggingface_hub, ${which}`,
    { skip: environment.skip },
    async (t) => {
      const { relay } = await start(t);
      const cut = await relay();
      const args = ['download', 'acme/tiny', FILE] as const;
      const got = await runPython(t, environment, args, { endpoint: cut.url });
      // 0.36 does not resume within a run; what it has left has the name of the commit's file.
      const expected = which === 'older' ? { error: 'ChunkedEncodingError' } : { sha256: SHA256.A };
      t.match(got.result, expected, got.stderr);
      t.equal(cut.cuts(), 1);
      const again = await runPython(t, environment, args, { endpoint: cut.url });
      t.match(again.result, { sha256: SHA256.B }, 'and the next download has the new commit');
    },
  );
}

t.test(
  'a branch that moves in mid-download mixes nothing: hf_transfer',
  { skip: older.skip },
  async (t) => {
    const length = 53 * 1024 * 1024;
    const files = [safetensors(['a'], length, 5), safetensors(['b'], length, 9)] as const;
    const { relay } = await start(t, [...files]);
    const cut = await relay();
    const options = { endpoint: cut.url, env: { HF_HUB_ENABLE_HF_TRANSFER: '1' } };
    const got = await runPython(t, older, ['download', 'acme/tiny', FILE], options);
    t.match(got.result, { sha256: hash('sha256', files[0]) }, got.stderr);
    t.equal(cut.cuts(), 1);
  },
);

for (const kind of ['blocking', 'tokio'] as const) {
  t.test(
    `a branch that moves in mid-download mixes nothing: hf-hub (Rust), ${kind}`,
    { skip: rust.skip },
    async (t) => {
      if (rust.skip !== false) return;
      const { relay, commits } = await start(t);
      const cut = await relay(kind === 'blocking');
      const cache = join(testDirectory(t), 'rust');
      const args = [kind, cut.url, cache, 'acme/tiny', FILE];
      const got = await runTool(t, join(rust.directory, 'hf-hub'), args);
      t.equal(got.code, 0, got.stderr);
      t.equal(cut.cuts(), 1);
      t.equal(hash('sha256', readFileSync(got.stdout.toString().trim())), SHA256.A);
      t.match(got.stdout.toString(), commits.A, 'under the name of its commit');
      const blobs = join(cache, 'models--acme--tiny', 'blobs');
      t.same(
        readdirSync(blobs).filter((one) => !one.endsWith('.lock')),
        [SHA256.A],
      );
    },
  );
}

t.test('a branch that moves in mid-download mixes nothing: @huggingface/hub', async (t) => {
  const { url: hubUrl, move } = await start(t);
  const repo = 'acme/tiny';
  const downloadInfo = await fileDownloadInfo({ repo, path: FILE, hubUrl });
  if (downloadInfo === null) throw new Error('no such file');
  t.match(downloadInfo.etag, SHA256.A);
  const blob = await downloadFile({ repo, path: FILE, hubUrl, downloadInfo });
  if (blob === null) throw new Error('no such file');
  const first = await blob.slice(0, CUT_BYTES).arrayBuffer();
  move();
  const rest = await blob.slice(CUT_BYTES).arrayBuffer();
  t.equal(hash('sha256', Buffer.concat([Buffer.from(first), Buffer.from(rest)])), SHA256.A);
});

t.test(
  'a branch that moves in mid-download mixes nothing: transformers.js',
  { skip: transformersJs.skip },
  async (t) => {
    if (transformersJs.skip !== false) return;
    const { url, move } = await start(t);
    const load = (path: string): Promise<Record<string, unknown>> =>
      import(pathToFileURL(join(transformersJs.directory, 'package/src', path)).href) as never;
    const { env } = (await load('env.js')) as { env: Record<string, unknown> };
    Object.assign(env, { remoteHost: url, useFSCache: false, allowLocalModels: false });
    type Get = (id: string, file: string, ...more: unknown[]) => Promise<unknown>;
    const { getModelFile } = (await load('utils/hub.js')) as { getModelFile: Get };
    const { get_file_metadata: metadata } = (await load(
      'utils/model_registry/get_file_metadata.js',
    )) as { get_file_metadata: Get };
    t.match(await metadata('acme/tiny', FILE), { exists: true, size: A.length });
    move();
    const bytes = (await getModelFile('acme/tiny', FILE)) as Uint8Array;
    t.equal(hash('sha256', Buffer.from(bytes)), SHA256.A, 'the version that it was told of first');
  },
);

t.test(
  'a branch that moves: curl resumes the version it started with',
  { skip: missing('curl') },
  async (t) => {
    const { url, relay, name, file } = await start(t);
    const cut = await relay();
    t.not((await curl(t, cut.url + name, '--fail', '-o', file)).code, 0, 'it breaks off');
    t.equal((await curl(t, cut.url + name, '--fail', '-C', '-', '-o', file)).code, 0);
    t.equal(hash('sha256', readFileSync(file)), SHA256.A);
    t.equal((await curl(t, url + name, '--fail', '-o', file)).code, 0);
    t.equal(
      hash('sha256', readFileSync(file)),
      SHA256.B,
      'a new download gets the current version',
    );
  },
);

t.test(
  'a branch that moves: wget resumes the version it started with',
  { skip: missing('wget') },
  async (t) => {
    const { relay, name, file } = await start(t);
    const { url } = await relay();
    const args = ['--quiet', '--tries=3', '--waitretry=0', '-c', '-O', file, url + name];
    const got = await runTool(t, 'wget', args);
    t.equal(got.code, 0, got.stderr);
    t.equal(hash('sha256', readFileSync(file)), SHA256.A);
  },
);

t.test(
  'a branch that moves: aria2c with many connections mixes nothing',
  { skip: missing('aria2c') },
  async (t) => {
    const { relay, name, file } = await start(t);
    const { url } = await relay();
    const got = await aria2c(t, url + name, testDirectory(t), 'got');
    t.equal(got.code, 0, got.stderr);
    t.equal(hash('sha256', readFileSync(file)), SHA256.A);
  },
);

t.test('a branch that moves: llama.cpp (HEAD, then file or rest) mixes nothing', async (t) => {
  const { url, name, move } = await start(t);
  const head = await headOf(url + name);
  t.match(head, { status: 200, headers: { etag: `"${SHA256.A}"` } });
  move();
  const whole = await get(url + name);
  t.equal(whole.status, 200);
  t.ok(whole.body.equals(A), 'the version of the HEAD');
  const rest = await get(url + name, { headers: { range: 'bytes=1000000-' } });
  t.equal(rest.status, 206);
  t.ok(rest.body.equals(A.subarray(1_000_000)));
  // A later run asks again what it is, and then goes on with what the earlier one has left.
  t.match(await headOf(url + name), { headers: { etag: `"${SHA256.B}"` } });
  const mixed = await get(url + name, { headers: { range: 'bytes=1000000-' } });
  t.equal(mixed.status, 412, 'it takes nothing but 206');
});

t.test('a small file, and other names that move, mix nothing', async (t) => {
  const { hub, url, move } = await start(t);
  const repository = hub.repository('models', 'acme/tiny', undefined);
  repository.commit({ 'config.json': SMALL.A }, 'refs/pr/1');
  for (const revision of ['main', 'refs/pr/1', 'refs%2Fpr%2F1']) {
    const path = `${url}/acme/tiny/resolve/${revision}/config.json`;
    const head = await get(path, { method: 'HEAD' });
    t.match(head, { status: 307, headers: { 'x-repo-commit': /^[0-9a-f]{40}$/ } }, revision);
    const commit = String(head.headers['x-repo-commit']);
    t.equal(head.headers.location, `/acme/tiny/resolve/${commit}/config.json`);
    t.ok((await get(path)).body.equals(SMALL.A), revision);
    const said = await get(`${url}/api/models/acme/tiny/revision/${revision}`);
    t.match(JSON.parse(said.body.toString()), { sha: commit });
    const tree = await get(`${url}/api/models/acme/tiny/tree/${revision}?recursive=true`);
    t.match(tree.body.toString(), 'config.json');
    const asked = await fetch(`${url}/api/models/acme/tiny/paths-info/${revision}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paths: ['config.json'] }),
    });
    t.match(await asked.json(), [{ path: 'config.json' }]);
  }
  const part = { headers: { range: 'bytes=0-3', 'user-agent': 'one' } };
  const rest = { headers: { range: 'bytes=4-', 'user-agent': 'one' } };
  const first = await get(`${url}/acme/tiny/resolve/main/config.json`, part);
  move();
  const second = await get(`${url}/acme/tiny/resolve/main/config.json`, rest);
  t.equal(Buffer.concat([first.body, second.body]).toString(), SMALL.A.toString());
});

t.test('a client without access to a repository is not redirected into it', async (t) => {
  const hub = await startHubDouble(t, {
    repositories: ['gated', 'private'].map((kind) => ({
      id: `acme/${kind}`,
      files: { [FILE]: A },
      access: { kind: kind as 'gated', tokens: ['hf_reader'] },
    })),
  });
  const { url } = await startForebay(t, {
    origins: [
      {
        ...{ name: 'hub', adapter: 'huggingface', url: hub.url },
        ...{ redirectHosts: [hub.cdnHost], allowPrivateRedirects: true },
      },
    ],
  });
  for (const kind of ['gated', 'private']) {
    const path = `${url}/acme/${kind}/resolve/main/${FILE}`;
    const mine = { headers: { authorization: 'Bearer hf_reader' }, method: 'HEAD' } as const;
    t.equal((await get(path, mine)).status, 307);
    for (const headers of [{}, { authorization: 'Bearer hf_other' }]) {
      const { status, headers: told } = await get(path, { method: 'HEAD', headers });
      t.ok(status === 401 || status === 403 || status === 404, `${kind}: ${String(status)}`);
      t.equal(told.location, undefined);
      t.notMatch(JSON.stringify(told), SHA256.A);
    }
  }
});
