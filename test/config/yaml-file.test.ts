import fc from 'fast-check';
import t from 'tap';
import { readYaml } from '#src/config/yaml-file.js';

const TEXT = `# a comment
cache:
  directory: /x
origins:
  - url: http://a
  - url: http://b
    redirectHosts: [c, d]
`;

t.test('readYaml returns values with their places', async (t) => {
  const file = readYaml(TEXT, 'f.yaml');
  t.same(file.values, {
    cache: { directory: '/x' },
    origins: [{ url: 'http://a' }, { url: 'http://b', redirectHosts: ['c', 'd'] }],
  });
  t.same(file.problems, []);
  const place = (...path: PropertyKey[]) => {
    const source = file.locate(path);
    return source.kind === 'file'
      ? `${source.file}:${String(source.line)}:${String(source.column)}`
      : '';
  };
  t.equal(place('cache'), 'f.yaml:2:1');
  t.equal(place('cache', 'directory'), 'f.yaml:3:3');
  t.equal(place('origins', 1, 'url'), 'f.yaml:6:5');
  t.equal(place('origins', 1, 'redirectHosts', 1), 'f.yaml:7:24');
  t.equal(place('cache', 'capacity'), 'f.yaml:2:1', 'a missing key: where it should be');
  t.equal(place('origins', 9, 'url'), 'f.yaml:4:1');
  t.equal(place('fill', 'threads'), 'f.yaml:2:1', 'a missing section: the beginning');
  t.match(file.find(['origins', 1, 'url']), { line: 6, column: 5 });
  t.equal(file.find(['cache', 'capacity']), undefined, 'an absent key has no place');
  t.equal(file.find(['origins', 9]), undefined);
});

t.test('broken YAML is a problem with its place and without its text', async (t) => {
  const file = readYaml('a: 1\nb: "secret\nc: [secret', 'f.yaml');
  t.equal(file.values, undefined);
  t.ok(file.problems.length > 0);
  t.notMatch(JSON.stringify(file.problems), /secret/);
  t.match(file.problems[0]?.source, { kind: 'file', file: 'f.yaml' });
});

t.test('a duplicate key is a problem, an empty file is not', async (t) => {
  const twice = readYaml('a: 1\na: 2\n', 'f');
  t.match(twice.problems, [{ found: 'duplicate key', source: { line: 2, column: 1 } }]);
  t.equal(readYaml('', 'f').values, null);
  t.same(readYaml('# nothing\n', 'f').problems, []);
});

t.test('expanding aliases is bounded', async (t) => {
  const levels = Array.from({ length: 12 }, (_, i) =>
    i === 0 ? 'a0: &a0 [x]' : `a${String(i)}: &a${String(i)} [${`*a${String(i - 1)},`.repeat(10)}]`,
  );
  const file = readYaml(levels.join('\n'), 'f');
  t.equal(file.values, undefined);
  t.equal(file.problems.length, 1);
});

t.test('property: reading never throws', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('a:-[]{}&*!|>\'"%@`#\n \t,?0')) }),
      (text) => {
        readYaml(text, 'f').locate(['a', 0, 'b']);
      },
    ),
    { numRuns: 1000 },
  );
});
