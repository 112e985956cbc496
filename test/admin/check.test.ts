import t from 'tap';
import { z } from 'zod';
import { checkedCall } from '#src/admin/check.js';
import { objectQuery, pin, purgeRequest } from '#src/admin/shapes.js';

function offered(more: { params?: unknown; query?: unknown; body?: unknown }) {
  return { params: {}, query: {}, body: undefined, ...more };
}

t.test('checkedCall does not convert a body of another type', (t) => {
  for (const dryRun of [null, 0, 1, '', 'false', 'true', [], [true], {}]) {
    const checked = checkedCall({ body: purgeRequest }, offered({ body: { dryRun } }));
    t.match(
      checked,
      {
        problem: {
          status: 400,
          body: { error: { code: 'bad-request', message: /^body\.dryRun: / } },
        },
      },
      JSON.stringify(dryRun),
    );
  }
  for (const body of [undefined, null, '', 'x', 0, false, [], [{}]]) {
    t.match(
      checkedCall({ body: purgeRequest }, offered({ body })),
      { problem: { status: 400, body: { error: { message: /^body: / } } } },
      JSON.stringify(body),
    );
  }
  for (const origin of [null, 1, true, ['hub']]) {
    const body = { origin, pathPrefix: '/' };
    t.match(checkedCall({ body: pin }, offered({ body })), { problem: { status: 400 } });
  }
  t.match(checkedCall({ body: purgeRequest }, offered({ body: { pathPrefx: '/a' } })), {
    problem: { status: 400 },
  });
  t.end();
});

t.test('checkedCall returns the parameters, query and body of a valid request', (t) => {
  t.same(checkedCall({ body: purgeRequest }, offered({ body: {} })), {
    call: { params: {}, query: {}, body: {} },
  });
  t.match(checkedCall({ body: purgeRequest }, offered({ body: { dryRun: true } })), {
    call: { body: { dryRun: true } },
  });
  t.same(checkedCall({}, offered({ body: 'ignored' })), {
    call: { params: {}, query: {}, body: undefined },
  });
  t.end();
});

t.test('checkedCall converts the numbers of a query from text', (t) => {
  const read = (query: unknown) => checkedCall({ query: objectQuery }, offered({ query }));
  t.match(read({ limit: '50' }), { call: { query: { limit: 50 } } });
  t.match(read({}), { call: { query: { limit: 100 } } });
  for (const limit of ['', '0', '1001', '1.5', 'x', ['1', '2']]) {
    t.match(read({ limit }), { problem: { status: 400 } }, String(limit));
  }
  t.match(read({ origin: ['a', 'b'] }), { problem: { status: 400 } });
  t.match(checkedCall({ params: z.object({ id: z.string() }) }, offered({})), {
    problem: { body: { error: { message: /^params\.id: / } } },
  });
  t.end();
});
