import t from 'tap';
import { displayWidth, table } from '#src/cli/table.js';

t.test('columns are as wide as what is in them', async (t) => {
  const columns = [{ title: 'path' }, { title: 'size', align: 'right' as const }, { title: 'x' }];
  t.same(
    table(columns, [
      ['/a/long/one', '1', ''],
      ['/b', '1000', 'yes'],
    ]),
    ['path         size  x', '/a/long/one     1', '/b           1000  yes'],
  );
});

t.test('nothing has no title either', async (t) => {
  t.same(table([{ title: 'a' }], []), []);
});

t.test('styles and wide letters take what they take on a screen', async (t) => {
  t.equal(displayWidth('\u001b[31mred\u001b[39m'), 3);
  t.equal(displayWidth('über'), 4);
});
