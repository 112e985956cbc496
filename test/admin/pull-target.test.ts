import t from 'tap';
import { pullTarget } from '#src/admin/pull-target.js';

const ORIGINS = [
  { name: 'root', mount: '/', url: 'https://root.example' },
  { name: 'hub', mount: '/hub', url: 'https://root.example/models' },
];

t.test('a pull target is a path of the front or a URL below an origin', async (t) => {
  for (const [url, origin, target] of [
    ['/x?y=1', 'root', '/x?y=1'],
    ['/hub/x', 'hub', '/x'],
    ['/hub/模', 'hub', '/%E6%A8%A1'],
    ['https://root.example/模', 'root', '/%E6%A8%A1'],
    ['https://root.example/x', 'root', '/x'],
    ['https://root.example/models/x?y', 'hub', '/x?y'],
    ['https://ROOT.example:443/a', 'root', '/a'],
  ] as const) {
    t.same(pullTarget(url, ORIGINS), { url, origin, target });
  }
  for (const url of [
    'x',
    '',
    'https://root.example.evil.example/x',
    'https://user@root.example/x',
    'https://root.example/x#y',
    '/a/%2e%2e/b',
  ]) {
    t.equal(pullTarget(url, ORIGINS), undefined, url);
  }
});
