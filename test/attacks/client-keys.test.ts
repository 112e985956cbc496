/** What a client may have by a key of its own is not left to others, and it gets all of it. */
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, FRESH, fresh, runOrigin } from '../fixtures/running-origin.js';

const KEYS = ['PRIVATE-TOKEN', 'X-Api-Key', 'X-JFrog-Art-Api', 'X-Auth-Token'];

t.test('an object behind a key in a custom field is served to the client with it', async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  for (const name of KEYS) {
    const path = `/${name}`;
    origin.objects.set(path, fresh(1, 4));
    const refused = (request: { readonly headers: Readonly<Record<string, string>> }): boolean =>
      request.headers[name.toLowerCase()] !== 'mine';
    origin.script({ path, when: refused, actions: [{ kind: 'status', status: 403 }] });
    const headers = { [name]: 'mine' };
    const got = await forebay.get(path, { headers });
    t.ok(got.body.equals(bytesOf(1, 4)), `${name}: ${describe(got)}`);
    for (const others of [{}, { [name]: 'other' }, { range: `bytes=0-${String(C - 1)}` }]) {
      const denied = await forebay.get(path, { headers: others });
      t.equal(denied.status, 403, `${name}: ${describe(denied)}`);
    }
    t.ok((await forebay.get(path, { headers })).body.equals(bytesOf(1, 4)));
  }
});

t.test('concurrent requests without that key do not join its fetch', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const forebay = await startForebay(t, { origin });
  origin.script({
    path: '/a',
    when: ({ headers }) => headers['private-token'] !== 'mine',
    actions: [{ kind: 'status', status: 403 }],
  });
  const asking = [{ 'private-token': 'mine' }, {}, { 'private-token': 'no' }, { cookie: 'a' }, {}];
  const all = await Promise.all(asking.map((headers) => forebay.get('/a', { headers })));
  t.same(
    all.map(({ status }) => status),
    [200, 403, 403, 403, 403],
  );
});

t.test('a public response is shared, although the client that fetched it sent a key', async (t) => {
  const origin = await runOrigin(t, {
    '/public': fresh(1, 2, { cacheControl: `public, ${FRESH}` }),
    '/varies': fresh(2, 2, { fields: { Vary: 'X-Api-Key' } }),
    '/odd': fresh(3, 2),
  });
  const forebay = await startForebay(t, { origin });
  await forebay.get('/public', { headers: { 'x-api-key': 'a' } });
  t.match((await forebay.get('/public')).headers['cache-status'], /forebay;hit/);
  await forebay.get('/varies', { headers: { 'x-api-key': 'a' } });
  const same = await forebay.get('/varies', { headers: { 'x-api-key': 'a' } });
  t.match(same.headers['cache-status'], /forebay;hit/);
  t.notMatch((await forebay.get('/varies')).headers['cache-status'], /forebay;hit/);
  await forebay.get('/odd', { headers: { 'x-odd': '1' } });
  t.match((await forebay.get('/odd')).headers['cache-status'], /forebay;hit/, 'no key to anything');
});
