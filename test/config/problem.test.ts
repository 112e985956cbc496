import fc from 'fast-check';
import t from 'tap';
import {
  ConfigError,
  describeFound,
  formatKey,
  formatProblem,
  inReadingOrder,
} from '#src/config/problem.js';

t.test('a problem is one line with its place, the error and the remedy', async (t) => {
  const problem = { key: 'cache.capcity', found: 'an unknown key', expected: '`capacity`' };
  t.equal(
    formatProblem({
      ...problem,
      source: { kind: 'file', file: 'a.yaml', line: 3, column: 5 },
      nearest: 'cache.capacity',
    }),
    'a.yaml:3:5: cache.capcity: found an unknown key, expected `capacity` (did you mean `cache.capacity`?)',
  );
  const flag = { ...problem, source: { kind: 'flag', flag: '--x' }, nearest: null } as const;
  const env = {
    ...problem,
    key: '',
    source: { kind: 'env', name: 'FOREBAY_X' },
    nearest: null,
  } as const;
  const byDefault = { ...problem, source: { kind: 'default' }, nearest: null } as const;
  const error = new ConfigError([flag, env, byDefault]);
  t.same(error.message.split('\n'), [
    '--x: cache.capcity: found an unknown key, expected `capacity`',
    'FOREBAY_X: found an unknown key, expected `capacity`',
    'default: cache.capcity: found an unknown key, expected `capacity`',
  ]);
  t.equal(error.problems.length, 3);
});

t.test('formatKey writes indices in brackets', async (t) => {
  t.equal(formatKey([]), '');
  t.equal(formatKey(['origins', 0, 'digests', 12, 'digest']), 'origins[0].digests[12].digest');
});

t.test('shown values hide secrets and stay short', async (t) => {
  t.equal(describeFound(undefined, []), 'nothing');
  t.equal(describeFound(null, []), 'nothing');
  t.equal(describeFound(['secret'], []), 'a list');
  t.equal(describeFound({ token: 'secret' }, []), 'a mapping');
  t.equal(describeFound(12, []), '12');
  t.equal(describeFound(true, []), 'true');
  t.equal(describeFound('a\nb', []), '"a\\nb"', 'one line');
  t.equal(
    describeFound('https://me:secret@host/a?token=secret', ['listen']),
    '"https://...@host/a?..."',
  );
  t.equal(describeFound('secret', ['origins', 0, 'headers', 'authorization']), 'a hidden value');
  t.equal(describeFound('secret', ['origins', 0, 'headers']), 'a hidden value');
  t.ok(describeFound('x'.repeat(1e6), []).length < 80);
});

t.test('no value below headers is shown', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const found = describeFound(value, ['origins', 0, 'headers', 'x']);
      return found === 'a hidden value' || found === 'nothing';
    }),
  );
});

t.test('problems of a file come in its order, others after them', async (t) => {
  const problem = { key: 'k', found: 'a', expected: 'b', nearest: null };
  const at = (line: number, column: number) =>
    ({ ...problem, source: { kind: 'file', file: 'a.yaml', line, column } }) as const;
  const flag = { ...problem, source: { kind: 'flag', flag: '--x' } } as const;
  const env = { ...problem, source: { kind: 'env', name: 'X' } } as const;
  t.same(inReadingOrder([flag, at(7, 1), at(2, 9), env, at(2, 3)]), [
    at(2, 3),
    at(2, 9),
    at(7, 1),
    flag,
    env,
  ]);
});
