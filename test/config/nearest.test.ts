import fc from 'fast-check';
import t from 'tap';
import { nearest, nearestKey } from '#src/config/nearest.js';

const KEYS = ['cache.capacity', 'cache.directory', 'listen.address', 'origins[].url', 'origins'];

t.test('a mistyped key finds the right one', async (t) => {
  const names = ['capacity', 'directory', 'chunkSize'];
  t.equal(nearest('capcity', names), 'capacity', 'a letter lost');
  t.equal(nearest('cpaacity', names), 'capacity', 'two letters swapped');
  t.equal(nearest('Capacity', names), 'capacity', 'case');
  t.equal(nearest('chunk_size', names), 'chunkSize', 'snake case');
  t.equal(nearest('chunk-size', names), 'chunkSize', 'kebab case');
});

t.test('a text without a similar key finds nothing', async (t) => {
  t.equal(nearest('token', ['capacity']), null);
  t.equal(nearest('', ['capacity']), null);
  t.equal(nearest('x', []), null);
  t.equal(nearest('c'.repeat(100_000), ['capacity']), null, 'and costs nothing');
});

t.test('a key is searched among its siblings, then in other sections', async (t) => {
  t.equal(nearestKey('cache', 'capcity', KEYS), 'cache.capacity');
  t.equal(nearestKey('', 'cahce', KEYS), 'cache');
  t.equal(nearestKey('', 'orgins', KEYS), 'origins');
  t.equal(nearestKey('listen', 'capacity', KEYS), 'cache.capacity');
  t.equal(nearestKey('', 'directory', KEYS), 'cache.directory');
  t.equal(nearestKey('origins[]', 'ulr', KEYS), 'origins[].url');
  t.equal(nearestKey('cache', 'zzzzzz', KEYS), null);
});

t.test('property: a known name finds itself, also one edit away', async () => {
  const names = ['maxConnections', 'headersTimeout', 'readAheadChunks', 'chunkSize'];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), (name, position) => {
      const at = position % name.length;
      const shortened = name.slice(0, at) + name.slice(at + 1);
      return nearest(name, names) === name && nearest(shortened, names) === name;
    }),
  );
});
