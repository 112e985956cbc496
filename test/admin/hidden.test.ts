import t from 'tap';
import { withoutQueries } from '#src/admin/hidden.js';

t.test('redaction removes the query of every URL in an answer, at any depth', (t) => {
  const answer = {
    next: 'opaque?',
    none: null,
    transfers: [
      { id: 'r1', target: '/a?sig=1', state: { kind: 'done' }, lengthBytes: 3 },
      { id: 'r2', target: '/b' },
    ],
    items: [
      {
        url: 'https://u:p@host.example/c?sig=2',
        uri: 'http://host.example/d?',
        more: { pathPrefix: '/e?f' },
      },
    ],
  };
  t.same(withoutQueries(answer), {
    next: 'opaque?',
    none: null,
    transfers: [
      { id: 'r1', target: '/a?…', state: { kind: 'done' }, lengthBytes: 3 },
      { id: 'r2', target: '/b' },
    ],
    items: [
      {
        url: 'https://host.example/c?…',
        uri: 'http://host.example/d?…',
        more: { pathPrefix: '/e?…' },
      },
    ],
  });
  t.equal(withoutQueries('text'), 'text');
  t.equal(withoutQueries(7), 7);
  t.end();
});
