/** A model that people use, all-MiniLM-L6-v2, as the Hub would serve it: 90 MB of weights. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hash } from '../fixtures/hub-repository.js';
import { sizeOf, startHubScene } from '../fixtures/hub-scene.js';
import { MODEL_DIRECTORY, prepareClient, runPython } from '../fixtures/interop-clients.js';

const model = prepareClient('model');
const environment = prepareClient('hub');
const transfer = prepareClient('transfer');
const transformers = prepareClient('transformers');

const ID = 'sentence-transformers/all-MiniLM-L6-v2';

/** As published; the figure stands in the model's own file. */
const HIDDEN_SIZE = 384;

function filesOf(directory: string): Record<string, Buffer> {
  const root = join(directory, MODEL_DIRECTORY);
  const paths = readdirSync(root, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    paths
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(root.length + 1), readFileSync(path)]),
  );
}

t.test(
  "a real model's tensors load after a download by hf_transfer",
  { skip: model.skip || environment.skip || transfer.skip },
  async (t) => {
    if (model.skip !== false) return;
    const files = filesOf(model.directory);
    const weights = files['model.safetensors'] ?? Buffer.alloc(0);
    const { hub, url } = await startHubScene(t, { repositories: [{ id: ID, files }] });
    const fast = { endpoint: url, env: { HF_HUB_ENABLE_HF_TRANSFER: '1' } };
    const first = await runPython(t, transfer, ['download', ID, 'model.safetensors'], fast);
    t.match(first.result, { sha256: hash('sha256', weights) }, first.stderr);

    const snapshot = await runPython(t, environment, ['snapshot', ID], {
      endpoint: url,
      home: 'b',
    });
    const digests = Object.entries(files).map(([path, bytes]) => [path, hash('sha256', bytes)]);
    t.match(snapshot.result, { files: Object.fromEntries(digests) as unknown }, snapshot.stderr);
    t.equal(hub.contentBytes, sizeOf(files), 'each byte came from the origin once');

    const args = ['tensors', ID, 'model.safetensors'] as const;
    const { result, stderr } = await runPython(t, environment, args, { endpoint: url, home: 'b' });
    const tensors = result as Record<string, [number[], string]>;
    t.match(tensors['embeddings.word_embeddings.weight']?.[0], [30522, HIDDEN_SIZE], stderr);
    t.equal(hub.contentBytes, sizeOf(files));
  },
);

t.test('transformers tokenizes with it', { skip: model.skip || transformers.skip }, async (t) => {
  if (model.skip !== false) return;
  const { hub, url } = await startHubScene(t, {
    repositories: [{ id: ID, files: filesOf(model.directory) }],
  });
  const tokens = async (home: string) => {
    const options = { endpoint: url, home };
    const { result, stderr } = await runPython(t, transformers, ['read_tokenizer', ID], options);
    t.match(result, { type: 'bert', hidden_size: HIDDEN_SIZE }, stderr);
    return result as { tokens: readonly number[] };
  };
  const first = await tokens('first');
  // [CLS] a fore ##bay holds water [SEP]
  t.equal(first.tokens.length, 7);
  const cost = hub.contentBytes;
  t.same(await tokens('second'), first);
  t.equal(hub.contentBytes, cost, 'a second one costs the origin nothing');
});
