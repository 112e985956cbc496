/** Models pulled by name, by the command, through a real Forebay, from the Hub's double. */
import t from 'tap';
import { MAX_PAGES } from '#src/admin/hub-model.js';
import type { Pull } from '#src/cli/api-types.js';
import { shardedModel } from '../fixtures/hub-models.js';
import { hubCommands } from '../fixtures/hub-commands.js';

const FILES = shardedModel({ shards: 2, shardBytes: 1_500_000 });
const TOTAL = Object.values(FILES).reduce((sum, { length }) => sum + length, 0);
const REPOSITORIES = [
  { id: 'acme/tiny', files: FILES },
  { id: 'gpt2', files: { 'config.json': Buffer.from('{}') } },
  { id: 'acme/rows', kind: 'datasets', files: { 'a (1).txt': Buffer.from('rows') } },
] as const;

function namesOf({ items }: Pull): string[] {
  return items.map(({ url }) => url.replace(/^.*\/resolve\/[0-9a-f]{40}\//, '')).sort();
}

t.test('a pull resolves the branch, reads every page and fetches each byte once', async (t) => {
  const { hub, run } = await hubCommands(t, { repositories: REPOSITORIES, treePageSize: 2 });
  const first = await run(['pull', 'acme/tiny', '--json']);
  t.equal(first.exitCode, 0, first.stderr + first.stdout);
  const pull = JSON.parse(first.stdout) as Pull;
  const commit = hub.repository('models', 'acme/tiny', undefined).head.id;
  t.same(pull.model, { id: 'acme/tiny', revision: 'main', commit });
  t.same(namesOf(pull), Object.keys(FILES).sort());
  t.ok(pull.items.every(({ url }) => url.startsWith(`/acme/tiny/resolve/${commit}/`)));
  for (const { url, lengthBytes, committedBytes, state } of pull.items) {
    t.same([state.kind, committedBytes], ['done', lengthBytes], url);
  }
  t.equal(hub.contentBytes, TOTAL);
  t.match(
    first.stderr,
    /acme\/tiny@main \(commit [0-9a-f]{12}\): 7 files, /,
    'told before it begins',
  );
});

t.test('include and exclude patterns select the files of a pull', async (t) => {
  const { run } = await hubCommands(t, { repositories: REPOSITORIES });
  const chosen = await run([
    ...['pull', 'acme/tiny@main', '--json', '--include', '*.json', '--include', '*.safetensors'],
    ...['--exclude', 'tokenizer/', '--exclude', 'model-00002*'],
  ]);
  t.equal(chosen.exitCode, 0, chosen.stderr);
  t.same(namesOf(JSON.parse(chosen.stdout) as Pull), [
    'config.json',
    'model-00001-of-00002.safetensors',
    'model.safetensors.index.json',
  ]);
  const none = await run(['pull', 'acme/tiny', '--include', '*.gguf']);
  t.equal(none.exitCode, 66);
  t.match(none.stderr, /\(no-files\)/);
});

t.test('a pull accepts datasets and short model names', async (t) => {
  const { run } = await hubCommands(t, { repositories: REPOSITORIES });
  const dataset = await run(['pull', 'datasets/acme/rows', '--json']);
  t.equal(dataset.exitCode, 0, dataset.stderr);
  const { items } = JSON.parse(dataset.stdout) as Pull;
  t.match(items[0]?.url, /^\/datasets\/acme\/rows\/resolve\/[0-9a-f]{40}\/a%20%281%29\.txt$/);
  t.equal((await run(['pull', 'gpt2'])).exitCode, 0);
});

t.test("a pull fails when the hub's listing has endless pages", async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: MAX_PAGES + 1 }, (_, index) => [`f${String(index)}`, Buffer.from('x')]),
  );
  const { hub, run } = await hubCommands(t, {
    repositories: [{ id: 'a/many', files }],
    treePageSize: 1,
  });
  const { exitCode, stderr } = await run(['pull', 'a/many', '--include', 'f1']);
  t.equal(exitCode, 66);
  t.match(stderr, /\(too-many-files\)/);
  t.equal(hub.contentBytes, 0);
});
