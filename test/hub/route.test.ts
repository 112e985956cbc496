/** What request targets mean to a hub. */
import t from 'tap';
import { apiPathOf, isCommit, routeOf } from '#src/hub/route.js';

const COMMIT = 'a'.repeat(40);

t.test('routeOf reads repository, revision and path of a file URL', (t) => {
  const cases: [string, object][] = [
    ['/acme/model/resolve/main/a/b.bin', { repository: 'acme/model', path: 'a/b.bin' }],
    ['/gpt2/resolve/main/config.json?download=true', { repository: 'gpt2', path: 'config.json' }],
    ['/datasets/acme/data/resolve/main/x', { repository: 'datasets/acme/data', path: 'x' }],
    ['/datasets/squad/resolve/main/x', { repository: 'datasets/squad', path: 'x' }],
    ['/acme/m/resolve/refs%2Fpr%2F1/x', { repository: 'acme/m', revision: 'refs%2Fpr%2F1' }],
    ['/acme/m/resolve/refs/pr/1/a/x', { revision: 'refs/pr/1', path: 'a/x' }],
    ['/acme/m/resolve/refs%2fpr/12/x', { revision: 'refs%2fpr/12', path: 'x' }],
    [
      '/datasets/a/d/resolve/refs/convert/parquet/default/train/0.parquet',
      { revision: 'refs/convert/parquet', path: 'default/train/0.parquet' },
    ],
    ['/a/d/resolve/refs%2Fconvert%2Fparquet/x', { revision: 'refs%2Fconvert%2Fparquet' }],
    ['/a/m/resolve/refs/prs/x', { revision: 'refs', path: 'prs/x' }],
    ['/a/m/resolve/refs/pr/x', { revision: 'refs', path: 'pr/x' }],
    ['/a/m/resolve/pr/1/x', { revision: 'pr', path: '1/x' }],
    ['/Acme/%4Dodel/resolve/main/X', { repository: 'acme/model', spelled: 'Acme/%4Dodel' }],
    ['/models/acme/m/resolve/main/x', { repository: 'acme/m', spelled: 'models/acme/m' }],
    ['/acme/resolve/resolve/main/x', { repository: 'acme/resolve', revision: 'main' }],
    ['/a/b/resolve/main/resolve/x/y', { repository: 'a/b', path: 'resolve/x/y' }],
  ];
  for (const [target, expected] of cases) {
    t.match(routeOf(target), { kind: 'resolve', ...expected }, target);
  }
  t.end();
});

t.test('routeOf reads API routes of a repository: info, tree, refs', (t) => {
  const cases: [string, object][] = [
    ['/api/models/acme/m', { kind: 'info', repository: 'acme/m', revision: null }],
    ['/api/models/gpt2', { kind: 'info', repository: 'gpt2', revision: null }],
    ['/api/models/gpt2/revision/main', { kind: 'info', repository: 'gpt2', revision: 'main' }],
    ['/api/datasets/a/d/revision/v1', { kind: 'info', repository: 'datasets/a/d' }],
    [`/api/models/a/m/tree/${COMMIT}/sub/dir?recursive=1`, { kind: 'tree', revision: COMMIT }],
    ['/api/models/a/m/refs', { kind: 'refs', repository: 'a/m', revision: null }],
    ['/api/models/a/m/paths-info/main', { kind: 'paths-info', revision: 'main' }],
    ['/api/models/A/m/revision/refs/pr/3', { kind: 'info', revision: 'refs/pr/3' }],
    ['/api/models/A/m/revision/refs%2Fpr%2F3', { repository: 'a/m', revision: 'refs%2Fpr%2F3' }],
    ['/api/models/a/m/tree/refs/pr/3', { kind: 'tree', revision: 'refs/pr/3' }],
    ['/api/models/a/m/tree/refs/pr/3/sub/dir', { kind: 'tree', revision: 'refs/pr/3' }],
    ['/api/datasets/a/d/tree/refs/convert/parquet', { revision: 'refs/convert/parquet' }],
    ['/api/models/a/m/paths-info/refs/pr/3', { kind: 'paths-info', revision: 'refs/pr/3' }],
    ['/api/models/a/m/xet-read-token/refs/pr/3', { kind: 'xet-token', repository: 'a/m' }],
    ['/api/models/Acme/Gated/', { kind: 'info', repository: 'acme/gated', revision: null }],
    ['/api/models/acme%2Fgated/revision/main/', { kind: 'info', repository: 'acme/gated' }],
    ['/api/models/a/m/xet-read-token/main', { kind: 'xet-token', repository: 'a/m', isRead: true }],
    ['/api/datasets/a/m/xet-write-token/main', { kind: 'xet-token', isRead: false }],
  ];
  for (const [target, expected] of cases) t.match(routeOf(target), expected, target);
  t.end();
});

t.test('routeOf recognises the repository of other API routes', (t) => {
  for (const path of [
    '/api/models/a/m',
    '/api/datasets/a/d',
    '/api/spaces/s',
    '/api/models/gpt2',
  ]) {
    const route = routeOf(path);
    t.equal('repository' in route && apiPathOf(route.repository), path);
  }
  t.end();
});

t.test('routeOf recognises no other target', (t) => {
  const targets = [
    '/',
    '/api/models',
    '/api/models?search=x',
    '/api/whoami-v2',
    '/acme/model',
    '/resolve/main/x',
    '/acme/model/resolve/main',
    '/acme/model/resolve/main/',
    '/acme//resolve/main/x',
    '/a/b/c/resolve/main/x',
    '/api/models/a/b/c/d',
  ];
  for (const target of targets) t.same(routeOf(target), { kind: 'other' }, target);
  t.end();
});

t.test('isCommit is true for 40 lower-case hex digits only', (t) => {
  t.ok(isCommit(COMMIT));
  t.notOk(isCommit('A'.repeat(40)));
  t.notOk(isCommit('main'));
  t.notOk(isCommit(null));
  t.end();
});
