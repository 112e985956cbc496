import t from 'tap';
import { pullRequest } from '#src/cli/pull-request.js';

const ALL = { include: [], exclude: [] };

t.test('a pull of paths and URLs requests URLs', async (t) => {
  const urls = ['/a.bin', 'https://hub.example/b.bin'];
  t.strictSame(pullRequest(urls, ALL, { HF_TOKEN: 'x' }), { kind: 'asked', request: { urls } });
});

t.test("any other pull argument is one model, with the token of the Hub's clients", async (t) => {
  t.strictSame(pullRequest(['acme/tiny'], ALL, {}), {
    kind: 'asked',
    request: { model: 'acme/tiny' },
  });
  const flags = { include: ['*.json'], exclude: ['a/'] };
  t.strictSame(pullRequest(['datasets/a/b@refs/pr/1'], flags, { HF_TOKEN: ' hf_x\n' }), {
    kind: 'asked',
    request: {
      model: 'datasets/a/b',
      revision: 'refs/pr/1',
      include: ['*.json'],
      exclude: ['a/'],
      token: 'hf_x',
    },
  });
});

t.test('contradictory pull arguments are refused', async (t) => {
  for (const [names, flags] of [
    [['a/b', 'c/d'], ALL],
    [['/a', 'c/d'], ALL],
    [['a/b@'], ALL],
    [['@main'], ALL],
    [['/a'], { include: ['x'], exclude: [] }],
  ] as const) {
    t.equal(pullRequest(names, flags, {}).kind, 'misunderstood', JSON.stringify(names));
  }
});
