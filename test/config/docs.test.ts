import t from 'tap';
import { catalog } from '#src/config/catalog.js';
import { configDocument } from '#src/config/docs.js';
import { loadConfig } from '#src/config/load.js';

const document = configDocument();

t.test('every setting has a row with its default, variable and flag', async (t) => {
  const rows = document.split('\n').filter((line) => line.startsWith('| `'));
  t.equal(rows.length, catalog.length);
  catalog.forEach((entry, index) => {
    const row = rows[index] ?? '';
    for (const text of [entry.name, entry.defaultText ?? 'required', entry.env, entry.flag]) {
      if (text !== null) t.ok(row.includes(text), `${entry.key}: ${text}`);
    }
    t.equal(row.split(' | ').length, 5, `${entry.key} fills five columns`);
  });
});

t.test('the example in the documentation is a valid configuration', async (t) => {
  const example = /```yaml\n(.*?)```/s.exec(document)?.[1] ?? '';
  const config = loadConfig({
    flags: { '--config': 'example' },
    env: {},
    readText: (path) => (path === 'example' ? example : 'Bearer x'),
  });
  t.same(
    config.origins.map(({ mount }) => mount),
    ['/hub', '/models'],
  );
});

t.test('the document contains no path of the machine that generated it', async (t) => {
  t.notMatch(document, /\/home\/|\/root/);
  t.ok(document.endsWith('\n') && !document.endsWith('\n\n'));
});
