import t from 'tap';
import { endToEndFields } from '#src/http/reply/fields.js';
import { emptyHeaders, toHeaderMap } from '#src/model/headers.js';

t.test('hop-by-hop fields are dropped, also those that Connection names', (t) => {
  const stored = toHeaderMap({
    connection: 'close, X-Private , ETag',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    'x-private': '1',
    etag: '"a"',
    'x-public': '2',
    trailer: 'x',
    upgrade: 'h2c',
  });
  t.same(Object.entries(endToEndFields(stored)), [['x-public', '2']]);
  t.end();
});

t.test('field values that could inject a line are dropped, the rest is kept', (t) => {
  const stored = toHeaderMap({
    etag: '"a\r\nset-cookie: x=1"',
    'x-nul': 'a\0b',
    'x-unicode': '\u0100',
    'x-obs': '\u00e9',
    'bad name': 'x',
    'x\r\ny': 'z',
    'set-cookie': ['a=1', 'b=2\n', 'c=3'],
  });
  t.same(endToEndFields(stored), { 'x-obs': '\u00e9', 'set-cookie': ['a=1', 'c=3'] });
  t.end();
});

t.test('__proto__ is handled like any other field name', (t) => {
  const stored = emptyHeaders();
  stored['__proto__'] = 'x';
  const fields = endToEndFields(stored);
  t.equal(Object.getPrototypeOf(fields), null);
  t.same(Object.keys(fields), ['__proto__']);
  t.end();
});
