import fc from 'fast-check';
import t from 'tap';
import { matchesGlob } from '#src/config/glob.js';

t.test('a glob pattern matches *, ** and literal text as documented', async (t) => {
  const fits: readonly [string, string][] = [
    ['/a/b.bin', '/a/b.bin'],
    ['/a/*.bin', '/a/b.bin'],
    ['/a/*.bin', '/a/.bin'],
    ['/**', '/'],
    ['/**/model.bin', '/x/y/model.bin'],
    ['/a/**', '/a/'],
    ['/?', '/é'],
    ['/?', '/😀'],
    ['/a.b', '/a.b'],
    ['/=', '/='],
    ['/(a|b)[c]{d}', '/(a|b)[c]{d}'],
  ];
  for (const [pattern, path] of fits) t.ok(matchesGlob(pattern, path), `${pattern} fits ${path}`);
  const others: readonly [string, string][] = [
    ['/a/*.bin', '/a/b/c.bin'],
    ['/a', '/ab'],
    ['/ab', '/a'],
    ['/**/model.bin', '/model.bin.part'],
    ['/?', '//'],
    ['/?', '/'],
    ['/a.b', '/axb'],
    ['/A', '/a'],
    ['/*', '/a\n/b'],
  ];
  for (const [pattern, path] of others) {
    t.notOk(matchesGlob(pattern, path), `${pattern} does not fit ${path}`);
  }
});

t.test('a pattern without stars matches itself only, one star more still fits', async () => {
  const plain = fc.string().map((text) => text.replace(/[*?]/g, '-'));
  fc.assert(
    fc.property(
      plain,
      plain,
      (a, b) => matchesGlob(a, b) === (a === b) && matchesGlob(`${a}**`, a + b),
    ),
  );
});

t.test('matching time is linear in the length of a hostile path', async (t) => {
  t.notOk(matchesGlob(`/${'*a'.repeat(30)}b`, `/${'a'.repeat(5000)}`));
});
