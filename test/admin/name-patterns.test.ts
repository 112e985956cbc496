import fc from 'fast-check';
import t from 'tap';
import { isWanted } from '#src/admin/name-patterns.js';

const includes = (pattern: string, path: string) =>
  isWanted(path, { include: [pattern], exclude: [] });

t.test('stars of a shell pattern also match slashes', (t) => {
  const fitting = [
    ['*', 'a/b.bin'],
    ['*.json', 'tokenizer/vocab.json'],
    ['a*c*', 'abbc'],
    ['model-0000?-of-*', 'model-00001-of-00002.safetensors'],
    ['model-0000[1-2]*', 'model-00002-of-00003'],
    ['[!.]*', 'README.md'],
    ['[]x]', ']'],
    ['tokenizer/', 'tokenizer/a/b'],
    ['a[b', 'a[b'],
    ['?', '\u{1f600}'],
    ['', ''],
  ] as const;
  for (const [pattern, path] of fitting) t.ok(includes(pattern, path), `${pattern} ${path}`);
  const others = [
    ['*.json', 'a.jsonl'],
    ['tokenizer/', 'tokenizer'],
    ['a?c', 'ac'],
    ['[!.]*', '.gitattributes'],
    ['[1-2]', '3'],
    ['A', 'a'],
  ] as const;
  for (const [pattern, path] of others) t.notOk(includes(pattern, path), `${pattern} ${path}`);
  t.end();
});

t.test('a name passes that is included and not excluded', (t) => {
  t.ok(isWanted('a', { include: [], exclude: [] }));
  t.notOk(isWanted('a.bin', { include: ['*'], exclude: ['*.txt', '*.bin'] }));
  t.ok(isWanted('a.bin', { include: ['*.txt', '*.bin'], exclude: ['*.md'] }));
  t.end();
});

t.test('a path without special characters fits itself, and any prefix of it with a star', (t) => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z/._-]*[a-z]$/),
      fc.nat(),
      (path, cut) => includes(path, path) && includes(`${path.slice(0, cut % path.length)}*`, path),
    ),
  );
  t.end();
});

t.test('matching time grows linearly with the number of stars', (t) => {
  t.notOk(includes(`${'*a'.repeat(100)}b`, 'a'.repeat(1000)));
  t.end();
});
