/** The JavaScript clients: @huggingface/hub and @huggingface/gguf, given another Hub's URL. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { gguf } from '@huggingface/gguf';
import {
  downloadFile,
  fileDownloadInfo,
  type ListFileEntry,
  listFiles,
  modelInfo,
  parseSafetensorsMetadata,
  pathsInfo,
  snapshotDownload,
} from '@huggingface/hub';
import { ggufModel, shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { sizeOf, startHubScene } from '../fixtures/hub-scene.js';
import { testDirectory } from '../fixtures/program.js';

const FILES = shardedModel({ shards: 2 });
const SHARD = 'model-00001-of-00002.safetensors';
const BYTES = FILES[SHARD] ?? Buffer.alloc(0);
const GGUF_FILES = ggufModel({ tensorBytes: 5 * 1024 * 1024 });

function start(t: Test) {
  return startHubScene(t, {
    repositories: [
      { id: 'acme/tiny', files: FILES },
      { id: 'acme/tiny-gguf', files: GGUF_FILES },
    ],
    treePageSize: 3,
  });
}

t.test('@huggingface/hub lists and describes', async (t) => {
  const { hub, url: hubUrl } = await start(t);
  const repo = 'acme/tiny';
  const entries: ListFileEntry[] = [];
  for await (const entry of listFiles({ repo, recursive: true, hubUrl })) entries.push(entry);
  const files = entries.filter(({ type }) => type === 'file');
  t.same(files.map(({ path }) => path).sort(), Object.keys(FILES).sort(), 'over all pages');
  t.same(
    entries.filter(({ xetHash }) => xetHash !== undefined),
    [],
    'nothing leads to Xet',
  );
  const [info] = await pathsInfo({ repo, paths: [SHARD], hubUrl });
  t.match(info, { path: SHARD, size: BYTES.length, lfs: { oid: hash('sha256', BYTES) } });
  const { sha } = await modelInfo({ name: repo, additionalFields: ['sha'], hubUrl });
  t.equal(sha, hub.repository('models', repo, undefined).head.id);
  const metadata = await parseSafetensorsMetadata({ repo, computeParametersCount: true, hubUrl });
  t.ok(metadata.sharded);
  t.match(metadata.parameterCount, { F32: (2 * 2 * 1024 * 1024) / 4 });
});

t.test('@huggingface/hub downloads a file exactly', async (t) => {
  const { hub, url: hubUrl } = await start(t);
  const repo = 'acme/tiny';
  const info = await fileDownloadInfo({ repo, path: SHARD, hubUrl });
  t.match(info, { size: BYTES.length, etag: `"${hash('sha256', BYTES)}"` });
  t.equal(info?.xet, undefined);
  const blob = await downloadFile({ repo, path: SHARD, hubUrl });
  t.ok(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).equals(BYTES));
  t.equal(await downloadFile({ repo, path: 'none', hubUrl }), null);

  const cacheDir = join(testDirectory(t), 'cache-of-the-client');
  const folder = await snapshotDownload({ repo, hubUrl, cacheDir });
  for (const [path, bytes] of Object.entries(FILES)) {
    t.ok(readFileSync(join(folder, path)).equals(bytes), path);
  }
  t.equal(hub.contentBytes, sizeOf(FILES), 'each byte came from the origin once');
});

t.test('@huggingface/gguf reads the head of a file', async (t) => {
  const { hub, url } = await start(t);
  const file = `${url}/acme/tiny-gguf/resolve/main/tiny-f32.gguf`;
  const { metadata, tensorInfos } = await gguf(file);
  t.match(metadata, { version: 3, 'general.architecture': 'llama', 'general.name': 'Tiny' });
  t.match(tensorInfos, [{ name: 'token_embd.weight', n_dims: 1 }]);
  t.ok(hub.contentBytes < sizeOf(GGUF_FILES), 'and not the whole of it');
});
