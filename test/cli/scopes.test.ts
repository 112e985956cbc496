import t from 'tap';
import { scopesOf } from '#src/cli/scopes.js';

const ONE = [{ name: 'hub', mount: '/' }];
const MANY = [
  { name: 'llama', mount: '/models/llama' },
  { name: 'models', mount: '/models' },
  { name: 'public', mount: '/public' },
];

t.test('no argument, or /, selects everything', async (t) => {
  t.same(scopesOf(undefined, MANY), [{}]);
  t.same(scopesOf('/', MANY), [{}]);
});

t.test('with one origin at the root a path selects below that origin', async (t) => {
  t.same(scopesOf('/a/b', ONE), [{ origin: 'hub', pathPrefix: '/a/b' }]);
  t.same(scopesOf('a/b', ONE), [{ origin: 'hub', pathPrefix: '/a/b' }]);
});

t.test('a path selects the origin with the longest matching mount', async (t) => {
  t.same(scopesOf('/models/x', MANY), [{ origin: 'models', pathPrefix: '/x' }]);
  t.same(scopesOf('/models/llama/x', MANY), [{ origin: 'llama', pathPrefix: '/x' }]);
});

t.test('a path in another spelling is the same path', async (t) => {
  t.same(scopesOf('/%6dodels/%7ex', MANY), [{ origin: 'models', pathPrefix: '/~x' }]);
  t.same(scopesOf('/模', ONE), [{ origin: 'hub', pathPrefix: '/%E6%A8%A1' }]);
});

t.test('a path above several mounts selects these origins as a whole', async (t) => {
  t.same(scopesOf('/public', MANY), [{ origin: 'public' }]);
  t.same(scopesOf('/mod', MANY), [{ origin: 'llama' }, { origin: 'models' }]);
  t.same(scopesOf('/models/', MANY), [{ origin: 'llama' }, { origin: 'models', pathPrefix: '/' }]);
  t.same(scopesOf('/models/llama', MANY), [
    { origin: 'llama' },
    { origin: 'models', pathPrefix: '/llama' },
  ]);
});

t.test('a path below no mount selects nothing', async (t) => {
  t.same(scopesOf('/other', MANY), []);
});
