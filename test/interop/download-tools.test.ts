/** Plain download tools on the URLs of a repository: curl, aria2c with 16 connections, wget. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { aria2c, curl, missing, runTool } from '../fixtures/program-client.js';
import { testDirectory } from '../fixtures/program.js';

const FILES = shardedModel({ shards: 1, shardBytes: 20 * 1024 * 1024 });
const SHARD = 'model-00001-of-00001.safetensors';
const BYTES = FILES[SHARD] ?? Buffer.alloc(0);
const SHA256 = hash('sha256', BYTES);

async function start(t: Test) {
  const scene = await startHubScene(t, { repositories: [{ id: 'acme/tiny', files: FILES }] });
  const directory = testDirectory(t);
  return {
    ...scene,
    directory,
    file: join(directory, 'got'),
    shard: `${scene.url}/acme/tiny/resolve/main/${SHARD}`,
  };
}

function digestOf(file: string): string {
  return hash('sha256', readFileSync(file));
}

t.test(
  'curl downloads, resumes and reads the metadata of a file',
  { skip: missing('curl') },
  async (t) => {
    const { hub, shard, file } = await start(t);
    const name = await curl(t, shard, '--fail', '--head');
    t.equal(name.code, 0, name.stderr);
    t.match(name.stdout.toString(), /^HTTP\/1.1 307/, 'leads to the commit, with what the file is');
    t.match(name.stdout.toString(), new RegExp(`^x-linked-etag: "${SHA256}"\r$`, 'im'));
    const head = await curl(t, shard, '--fail', '--head', '--location');
    t.equal(head.code, 0, head.stderr);
    const fields = head.stdout.toString().split('\r\n\r\n')[1] ?? '';
    t.match(fields, /^HTTP\/1.1 200/);
    t.match(fields, new RegExp(`^etag: "${SHA256}"\r?$`, 'im'));
    t.match(fields, new RegExp(`^x-linked-size: ${String(BYTES.length)}\r?$`, 'im'));
    t.notMatch(fields, /^(?:location|link|x-xet-[a-z-]+):/im, 'no way around Forebay');
    t.equal((await curl(t, shard, '--fail', '-o', file)).code, 0);
    t.equal(digestOf(file), SHA256);

    writeFileSync(file, BYTES.subarray(0, 12_345_678));
    t.equal((await curl(t, shard, '--fail', '-C', '-', '-o', file)).code, 0);
    t.equal(digestOf(file), SHA256, 'a part is completed');
    t.equal(hub.contentBytes, BYTES.length);
  },
);

t.test(
  'aria2c downloads with sixteen connections, each byte once',
  { skip: missing('aria2c') },
  async (t) => {
    const { hub, shard, directory, file } = await start(t);
    const got = await aria2c(t, shard, directory, 'got');
    t.equal(got.code, 0, got.stderr);
    t.equal(digestOf(file), SHA256);
    t.equal(hub.contentBytes, BYTES.length, 'sixteen connections, each byte once');
  },
);

t.test('wget resumes a partial file', { skip: missing('wget') }, async (t) => {
  const { hub, shard, file } = await start(t);
  writeFileSync(file, BYTES.subarray(0, 7_654_321));
  const got = await runTool(t, 'wget', ['--quiet', '--tries=1', '-c', '-O', file, shard]);
  t.equal(got.code, 0, got.stderr);
  t.equal(digestOf(file), SHA256);
  t.ok(hub.contentBytes < BYTES.length);
});
