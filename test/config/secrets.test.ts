import t from 'tap';
import { readSecrets } from '#src/config/secrets.js';

t.test('a secret from a file is its content without the last line end', async (t) => {
  const values = {
    origins: [
      { headers: { authorization: { file: '/run/token' }, 'x-plain': 'text' } },
      { url: 'http://a' },
    ],
  };
  const problems = readSecrets(values, (path) => `Bearer ${path}\r\n`);
  t.same(problems, []);
  t.same(values.origins[0]?.headers, { authorization: 'Bearer /run/token', 'x-plain': 'text' });
});

t.test('an unreadable secret file is a problem that names it', async (t) => {
  const values = { origins: [{ headers: { a: { file: '/none' } } }] };
  const problems = readSecrets(values, () => {
    throw Object.assign(new Error('secret in a message'), { code: 'ENOENT' });
  });
  t.match(problems, [
    { key: 'origins[0].headers.a.file', found: '"/none", which cannot be read (ENOENT)' },
  ]);
  t.notMatch(JSON.stringify(problems), /secret/);
});

t.test('any other value is left for the schema', async (t) => {
  for (const values of [
    undefined,
    null,
    [],
    { origins: 5 },
    { origins: [null, 'x', { headers: ['x'] }, { headers: { a: { file: 1 } } }] },
    { origins: [{ headers: { a: { file: '/x', also: 1 } } }] },
  ]) {
    const before = structuredClone(values);
    t.same(
      readSecrets(values, () => t.fail('reads nothing') as never),
      [],
    );
    t.same(values, before);
  }
});
