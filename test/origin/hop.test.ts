import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { hopOf } from '#src/origin/hop.js';

const TIMES = { requestTimeMs: 1, responseTimeMs: 2 };
const hop = (fields: Record<string, string | string[]>) =>
  hopOf({ status: 302, headers: toHeaderMap(fields), contentLength: 0 }, TIMES, ['cookie']);

t.test('a stored redirect keeps its caching fields and nothing else', async (t) => {
  const found = hop({ location: 'https://signed.example/', age: '1', vary: 'x', server: 's' });
  t.match(found, { status: 302, ...TIMES, shown: ['cookie'] });
  t.same({ ...found.headers }, { age: '1', vary: 'x' });
  t.equal(hop({ 'set-cookie': ['secret=1'] }).headers['set-cookie'], '', 'that there was one');
});

t.test('a redirect with too long fields becomes no-store', async (t) => {
  const found = hop({ vary: 'x'.repeat(3000), 'cache-control': 'public, max-age=600' });
  t.same({ ...found.headers }, { 'cache-control': 'no-store' });
});
