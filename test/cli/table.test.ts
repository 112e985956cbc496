import t from 'tap';
import { displayWidth, table } from '#src/cli/table.js';

t.test('columns are as wide as their widest cell', async (t) => {
  const columns = [{ title: 'path' }, { title: 'size', align: 'right' as const }, { title: 'x' }];
  t.same(
    table(columns, [
      ['/a/long/one', '1', ''],
      ['/b', '1000', 'yes'],
    ]),
    ['path         size  x', '/a/long/one     1', '/b           1000  yes'],
  );
});

t.test('a table without rows has no title', async (t) => {
  t.same(table([{ title: 'a' }], []), []);
});

t.test('styles take no width, and wide letters take two columns', async (t) => {
  t.equal(displayWidth('\u001b[31mred\u001b[39m'), 3);
  t.equal(displayWidth('über'), 4);
});
