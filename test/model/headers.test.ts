import t from 'tap';
import { emptyHeaders, headersFromRaw, headerValue, toHeaderMap } from '#src/model/headers.js';

t.test('__proto__ and similar names are handled like any other', async (t) => {
  const raw = headersFromRaw(['__proto__', 'a', 'Constructor', 'b']);
  t.equal(Object.getPrototypeOf(raw), null);
  t.equal(headerValue(raw, '__proto__'), 'a');
  t.equal(headerValue(raw, 'constructor'), 'b');
  t.equal(headerValue(emptyHeaders(), 'constructor'), undefined);
  t.equal(headerValue(emptyHeaders(), '__proto__'), undefined);
  t.equal(({} as Record<string, unknown>)['a'], undefined);
});

t.test('field lines of one name are joined, except cookies', async (t) => {
  const map = headersFromRaw([
    'Vary',
    'a',
    'SET-COOKIE',
    'x=1',
    'vary',
    'b',
    'set-cookie',
    'y=2, 3',
  ]);
  t.equal(headerValue(map, 'vary'), 'a, b');
  t.same(map['set-cookie'], ['x=1', 'y=2, 3']);
  t.equal(headerValue(map, 'set-cookie'), 'x=1, y=2, 3');
});

t.test('a raw list of odd length loses its last name only', async (t) => {
  t.same({ ...headersFromRaw(['a', '1', 'b']) }, { a: '1' });
});

t.test('toHeaderMap lower-cases names and drops undefined values', async (t) => {
  const map = toHeaderMap({ ETag: '"x"', 'Set-Cookie': ['a', 'b'], gone: undefined });
  t.equal(Object.getPrototypeOf(map), null);
  t.same({ ...map }, { etag: '"x"', 'set-cookie': ['a', 'b'] });
});
