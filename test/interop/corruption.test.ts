/** A file that arrives with a wrong byte: no client checks it, so the mirror must. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';
import { aria2c, curl, missing } from '../fixtures/program-client.js';
import { testDirectory } from '../fixtures/program.js';

const FILES = shardedModel({ shards: 2, shardBytes: 5 * 1024 * 1024 });
const SHARD = 'model-00002-of-00002.safetensors';
const SHA256 = hash('sha256', FILES[SHARD] ?? Buffer.alloc(0));
const PATH = `/acme/tiny/resolve/main/${SHARD}`;

const environment = prepareClient('hub');

async function startCorrupted(t: Test) {
  const scene = await startHubScene(t, { repositories: [{ id: 'acme/tiny', files: FILES }] });
  return { ...scene, mend: scene.hub.corrupt({ sha256: SHA256 }) };
}

t.test(
  'huggingface_hub fails for a corrupt file, and succeeds when mended',
  { skip: environment.skip },
  async (t) => {
    const { program, url, mend } = await startCorrupted(t);
    const args = ['download', 'acme/tiny', SHARD] as const;
    const failed = await runPython(t, environment, args, { endpoint: url });
    t.match(failed.result, { error: String }, failed.stderr);
    const blobs = join(testDirectory(t), 'home/hub/models--acme--tiny/blobs');
    t.same(existsSync(blobs) ? readdirSync(blobs) : [], [], 'nothing is taken for complete');
    t.ok((await program.metric('forebay_chunk_verify_failures_total')) > 0, 'it is counted');

    mend();
    const mended = await runPython(t, environment, args, { endpoint: url });
    t.match(mended.result, { sha256: SHA256 }, mended.stderr);
  },
);

t.test(
  'curl fails for a corrupt file, and succeeds when mended',
  { skip: missing('curl') },
  async (t) => {
    const { program, url, mend } = await startCorrupted(t);
    const failed = await curl(t, url + PATH, '--fail');
    t.not(failed.code, 0);
    t.ok((await program.metric('forebay_chunk_verify_failures_total')) > 0);
    mend();
    const mended = await curl(t, url + PATH, '--fail');
    t.equal(mended.code, 0, mended.stderr);
    t.equal(hash('sha256', mended.stdout), SHA256);
  },
);

t.test(
  'aria2c -x16 fails for a corrupt file, and succeeds when mended',
  { skip: missing('aria2c') },
  async (t) => {
    const { url, mend } = await startCorrupted(t);
    const directory = testDirectory(t);
    const failed = await aria2c(t, url + PATH, directory, 'got');
    t.not(failed.code, 0);
    const isMarkedPartial = existsSync(join(directory, 'got.aria2'));
    t.ok(isMarkedPartial || !existsSync(join(directory, 'got')), 'nothing is taken for complete');
    mend();
    const mended = await aria2c(t, url + PATH, directory, 'mended');
    t.equal(mended.code, 0, mended.stderr);
  },
);

t.test('a file in git itself is verified too', { skip: missing('curl') }, async (t) => {
  const { hub, url } = await startHubScene(t, {
    repositories: [{ id: 'acme/tiny', files: FILES }],
  });
  const config = FILES['config.json'] ?? Buffer.alloc(0);
  const mend = hub.corrupt({ sha256: hash('sha256', config) });
  const file = `${url}/acme/tiny/resolve/main/config.json`;
  t.not((await curl(t, file, '--fail')).code, 0);
  mend();
  const mended = await curl(t, file, '--fail');
  t.equal(mended.code, 0, mended.stderr);
  t.ok(mended.stdout.equals(config));
});
