/** How the asking of a hub fails, as the command that asked tells it. */
import t from 'tap';
import { ggufModel } from '../fixtures/hub-models.js';
import { hubCommands } from '../fixtures/hub-commands.js';
import { commandScene } from '../fixtures/command-scene.js';

const FILES = ggufModel({ tensorBytes: 4096 });

t.test("a pull of an unknown model fails with 66 and the hub's own error", async (t) => {
  const { run } = await hubCommands(t, { repositories: [{ id: 'acme/tiny', files: FILES }] });
  const unknown = await run(['pull', 'acme/unknown']);
  t.equal(unknown.exitCode, 66, unknown.stderr);
  t.match(unknown.stderr, /the hub answered 40[14].*\((?:model-denied|no-such-model)\)/);
  const revision = await run(['pull', 'acme/tiny@unknown']);
  t.equal(revision.exitCode, 66);
  t.match(revision.stderr, /the hub answered 404: RevisionNotFound.*\(no-such-model\)/);
  for (const name of ['a/../b', 'a/b/c', 'a b', 'datasets/']) {
    const odd = await run(['pull', name]);
    t.equal(odd.exitCode, 66, name);
    t.match(odd.stderr, /\(no-such-model\)/, name);
  }
});

t.test("a pull of a private model sends the environment's token, never printed", async (t) => {
  const access = { kind: 'private', tokens: ['hf_secret'] } as const;
  const { hub, run } = await hubCommands(t, {
    repositories: [{ id: 'acme/mine', access, files: FILES }],
  });
  t.equal((await run(['pull', 'acme/mine'])).exitCode, 66);
  const pulled = await run(['pull', 'acme/mine', '--json'], { HF_TOKEN: 'hf_secret' });
  t.equal(pulled.exitCode, 0, pulled.stderr + pulled.stdout);
  t.match(JSON.parse(pulled.stdout), { state: 'done', model: { id: 'acme/mine' } });
  t.ok(hub.requests.some(({ token, path }) => token === 'hf_secret' && path.includes('/resolve/')));
  t.notMatch(pulled.stdout + pulled.stderr, 'hf_secret');
});

t.test('a pull of a failing or unreachable hub fails as retryable', async (t) => {
  const { hub, run } = await hubCommands(t, { repositories: [{ id: 'acme/tiny', files: FILES }] });
  hub.fail('hub', 500, 100);
  const failing = await run(['pull', 'acme/tiny']);
  t.equal(failing.exitCode, 75, failing.stderr);
  t.match(failing.stderr, /\(hub-unavailable\)/);
});

t.test('a pull of a model from an origin that is no hub is refused', async (t) => {
  const { run } = await commandScene(t, {
    '/api/models/acme/tiny/revision/main': { bytes: { seed: 1, length: 2000 } },
  });
  const { exitCode, stderr } = await run(['pull', 'acme/tiny']);
  t.equal(exitCode, 66, stderr);
  t.match(stderr, /\(not-a-hub\)/);
});
