import t from 'tap';
import { describeIssues } from '#src/config/issues.js';
import { formatKey, formatProblem } from '#src/config/problem.js';
import { configSchema } from '#src/config/schema.js';

/** Describes what is wrong with `values`; each problem's source names the path it was asked for. */
function describe(values: unknown): readonly string[] {
  const { error } = configSchema.safeParse(values);
  const problems = describeIssues(error?.issues ?? [], values, (path) => ({
    kind: 'flag',
    flag: `<${formatKey(path)}>`,
  }));
  return problems.map(formatProblem);
}

t.test('each unknown key is one problem at its place', async (t) => {
  t.match(describe({ cache: { directory: '/x', capcity: 1, zzz: 2 } }), [
    /^<cache\.capcity>: cache\.capcity: found an unknown key, .* \(did you mean `cache\.capacity`\?\)$/,
    /^<cache\.zzz>: cache\.zzz: found an unknown key, expected one of `directory`, [^(]*$/,
  ]);
  t.match(describe({ cache: { directory: '/x' }, origins: [{ url: 'http://a', ulr: 'x' }] }), [
    /^<origins\[0\]\.ulr>: .*did you mean `origins\[\]\.url`/,
  ]);
});

t.test('a key in the wrong section gets a hint to its section', async (t) => {
  t.match(describe({ cache: { directory: '/x' }, capacity: '1GiB' }), [
    /did you mean `cache\.capacity`\?/,
  ]);
});

t.test('a problem with an unset value shows its default', async (t) => {
  t.match(describe({ cache: { directory: '/x' }, fill: { retryBase: '3s' } }), [/found "3s"/]);
  t.match(describe({ cache: { directory: '/x' }, fill: { retryCap: '50ms' } }), [
    /^<fill\.retryBase>: fill\.retryBase: found the default `100ms`, expected at most fill\.retryCap, 50 ms$/,
  ]);
});

t.test('a configuration without origins is a problem', async (t) => {
  t.match(describe({ cache: { directory: '/x' }, origins: [] }), [
    '<origins>: origins: found a list, expected at least one origin',
  ]);
});
