/** huggingface_hub, unmodified, with nothing but HF_ENDPOINT set: with hf_xet and without. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startCuttingRelay } from '../fixtures/cutting-relay.js';
import { shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { sizeOf, startHubScene } from '../fixtures/hub-scene.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';
import { testDirectory } from '../fixtures/program.js';

const FILES = shardedModel({ shards: 3, shardBytes: 3 * 1024 * 1024 });
const SHARD = 'model-00002-of-00003.safetensors';
const BYTES = FILES[SHARD] ?? Buffer.alloc(0);
const DIGESTS = Object.fromEntries(
  Object.entries(FILES).map(([path, bytes]) => [path, hash('sha256', bytes)]),
);

const plain = prepareClient('hub');
const withXet = prepareClient('xet');
const older = prepareClient('transfer');

function start(t: Test) {
  return startHubScene(t, {
    repositories: [
      { id: 'acme/tiny', files: FILES },
      {
        id: 'acme/rows',
        kind: 'datasets',
        files: { 'data/rows.parquet': BYTES, 'README.md': BYTES },
      },
    ],
    treePageSize: 4,
  });
}

for (const [name, environment] of Object.entries({ plain, withXet })) {
  t.test(
    `snapshot_download gets each byte from the origin once: ${name}`,
    { skip: environment.skip },
    async (t) => {
      const { hub, url } = await start(t);
      const first = await runPython(t, environment, ['snapshot', 'acme/tiny'], { endpoint: url });
      const commit = hub.repository('models', 'acme/tiny', undefined).head.id;
      t.same(first.result, { commit, files: DIGESTS }, first.stderr);
      t.equal(hub.contentBytes, sizeOf(FILES), 'each byte came from the origin once');
      t.same(
        hub.requests.filter(({ path }) => path.includes('xet-read-token')),
        [],
        'the client never left for Xet',
      );

      const again = { endpoint: url, home: 'another' };
      const second = await runPython(t, environment, ['snapshot', 'acme/tiny'], again);
      t.same(second.result, first.result);
      t.equal(hub.contentBytes, sizeOf(FILES), 'and not again for another client');
    },
  );

  t.test(`hf_hub_download gets the right files: ${name}`, { skip: environment.skip }, async (t) => {
    const { hub, url } = await start(t);
    const options = { endpoint: url };
    const model = await runPython(t, environment, ['download', 'acme/tiny', SHARD], options);
    t.match(model.result, { sha256: DIGESTS[SHARD] }, model.stderr);
    const small = ['download', 'acme/tiny', 'tokenizer/vocab.json'] as const;
    t.match((await runPython(t, environment, small, options)).result, {
      sha256: DIGESTS['tokenizer/vocab.json'],
    });
    const rows = ['download', 'acme/rows', 'data/rows.parquet', '--type', 'dataset'] as const;
    t.match((await runPython(t, environment, rows, options)).result, { sha256: DIGESTS[SHARD] });
    const request = Buffer.from('{"proposed":true}');
    hub
      .repository('models', 'acme/tiny', undefined)
      .commit({ 'config.json': request }, 'refs/pr/1');
    const proposed = ['download', 'acme/tiny', 'config.json', '--revision', 'refs/pr/1'] as const;
    t.match((await runPython(t, environment, proposed, options)).result, {
      sha256: hash('sha256', request),
    });
    const none = await runPython(t, environment, ['download', 'acme/tiny', 'none'], options);
    t.match(none.result, { error: 'RemoteEntryNotFoundError' });
    const noRevision = ['download', 'acme/tiny', SHARD, '--revision', 'none'] as const;
    t.match((await runPython(t, environment, noRevision, options)).result, {
      error: 'RevisionNotFoundError',
    });
    const noRepository = ['download', 'acme/none', SHARD] as const;
    t.match((await runPython(t, environment, noRepository, options)).result, {
      error: 'RepositoryNotFoundError',
    });
  });
}

t.test('a broken download is resumed', { skip: plain.skip }, async (t) => {
  const { hub, url } = await start(t);
  const afterBytes = 2 * 1024 * 1024;
  const relay = await startCuttingRelay(t, url, { afterBytes, times: 1 });
  const options = { endpoint: relay.url };
  const got = await runPython(t, plain, ['download', 'acme/tiny', SHARD], options);
  t.match(got.result, { sha256: DIGESTS[SHARD] }, got.stderr);
  t.equal(relay.cuts(), 1);
  t.match(got.stderr, 'Trying to resume download');
  t.equal(hub.contentBytes, BYTES.length);
});

t.test('a partial file of an earlier run is completed', { skip: older.skip }, async (t) => {
  const { hub, url } = await start(t);
  const part = join(testDirectory(t), 'part');
  writeFileSync(part, BYTES.subarray(0, 2_500_000));
  const args = ['download', 'acme/tiny', SHARD, '--resume-from', part] as const;
  const got = await runPython(t, older, args, { endpoint: url });
  t.match(got.result, { sha256: DIGESTS[SHARD] }, got.stderr);
  t.ok(hub.contentBytes < BYTES.length, 'what the client had was not fetched');
});

t.test(
  'HfFileSystem, metadata and API calls read parts of files',
  { skip: plain.skip },
  async (t) => {
    const { hub, url } = await start(t);
    const args = ['inspect_repository', 'acme/tiny', SHARD] as const;
    const { result, stderr } = await runPython(t, plain, args, { endpoint: url });
    const floats = (3 * 1024 * 1024) / 2 / 4;
    t.match(
      result,
      {
        head: hash('sha256', BYTES.subarray(0, 1000)),
        tail: hash('sha256', BYTES.subarray(-1000)),
        tensors: { 'layers.2.weight': [floats], 'layers.2.bias': [floats] },
        sizes: { [SHARD]: BYTES.length, 'config.json': FILES['config.json']?.length },
        branches: ['main'],
        sha: hub.repository('models', 'acme/tiny', undefined).head.id,
      },
      stderr,
    );
    const { listed } = result as { listed: string[] };
    t.equal(listed.length, Object.keys(FILES).length, 'a directory stands for the file in it');
  },
);

t.test('safetensors loads what was downloaded', { skip: plain.skip }, async (t) => {
  const { url } = await start(t);
  const args = ['tensors', 'acme/tiny', SHARD] as const;
  const { result, stderr } = await runPython(t, plain, args, { endpoint: url });
  const headerBytes = 8 + Number(BYTES.readBigUInt64LE());
  const half = (BYTES.length - headerBytes) / 2;
  const data = BYTES.subarray(headerBytes);
  t.same(
    result,
    {
      'layers.2.weight': [[half / 4], hash('sha256', data.subarray(0, half))],
      'layers.2.bias': [[half / 4], hash('sha256', data.subarray(half))],
    },
    stderr,
  );
});

t.test(
  'a mirror of the Hub whose next pages are at the Hub is listed whole',
  { skip: plain.skip },
  async (t) => {
    const { hub, url } = await start(t);
    hub.nextPageAt = 'https://huggingface.co';
    const got = await runPython(t, plain, ['snapshot', 'acme/tiny'], { endpoint: url });
    t.match(got.result, { files: DIGESTS }, got.stderr);
    const pages = hub.requests.filter(({ path }) => path.includes('/tree/'));
    t.ok(pages.length > 1, 'it has more than one page');
  },
);
