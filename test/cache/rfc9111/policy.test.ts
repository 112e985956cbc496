import t from 'tap';
import { endToEnd, isOfUse, mayStore, forOthers } from '#src/cache/rfc9111/policy.js';
import { toHeaderMap } from '#src/model/headers.js';
import { dateAfter, type Fields, storedResponse } from '../../fixtures/stored-response.js';

const FRESH = { 'cache-control': 'max-age=60' };

const stores = (headers: Fields, request: Fields = {}, status = 200) =>
  mayStore(toHeaderMap(request), { status, headers: toHeaderMap(headers), hops: [] });

t.test('isStorable follows the rules of a shared cache', async (t) => {
  t.ok(stores(FRESH));
  t.ok(stores({}), 'a 200 needs nothing');
  t.notOk(stores({ 'cache-control': 'no-store' }));
  t.notOk(stores({ 'cache-control': 'private, max-age=60' }));
  t.ok(stores({ 'cache-control': 'private="x", max-age=60' }), 'but for one field');
  t.notOk(stores({ ...FRESH, vary: '*' }));
  t.notOk(stores(FRESH, { 'cache-control': 'no-store' }));
  t.notOk(stores(FRESH, { authorization: 'Bearer x' }));
  t.ok(stores({ 'cache-control': 'public, max-age=60' }, { authorization: 'Bearer x' }));
});

t.test('a status decides whether a response needs freshness to be stored', async (t) => {
  for (const status of [299, 302, 400, 499, 500, 599, 999]) {
    t.ok(stores(FRESH, {}, status), String(status));
    t.notOk(stores({ 'last-modified': dateAfter(-9) }, {}, status), String(status));
  }
  for (const status of [100, 206, 304, 401, 403, 407, 429]) {
    t.notOk(stores({ 'cache-control': 'public, max-age=60' }, {}, status), String(status));
  }
});

t.test('must-understand overrides no-store for a status that is understood', async (t) => {
  const fields = { 'cache-control': 'must-understand, no-store, max-age=60' };
  t.ok(stores(fields));
  t.ok(stores(fields, {}, 302));
  t.notOk(stores(fields, {}, 299));
});

t.test('a response with Set-Cookie is stored only with explicit freshness', async (t) => {
  t.notOk(stores({ 'set-cookie': 'a=b', 'last-modified': dateAfter(-900) }));
  t.ok(stores({ 'set-cookie': 'a=b', ...FRESH }));
});

t.test('a response of use has a validator, a lifetime or a stale use', async (t) => {
  const isOf = (headers: Fields) => isOfUse(storedResponse(headers));
  t.ok(isOf({ etag: 'W/"a"' }));
  t.ok(
    isOf({ 'cache-control': 'max-age=1', age: '5' }),
    'a client that accepts stale responses may get it',
  );
  t.ok(isOf({ 'cache-control': 'max-age=0, stale-if-error=60' }));
  t.notOk(isOf({ 'cache-control': 'max-age=0' }));
  t.notOk(isOf({ 'cache-control': 'max-age=0, stale-if-error=x' }));
});

t.test('hop-by-hop fields are not stored', async (t) => {
  const headers = toHeaderMap({
    connection: 'X-Named, close',
    'x-named': '1',
    te: 'a',
    'proxy-connection': 'close',
    'content-length': '9',
    'content-range': 'bytes 0-8/9',
    etag: '"a"',
  });
  t.same(Object.keys(endToEnd(206, headers)), ['etag']);
  t.same(Object.keys(endToEnd(200, headers)), ['content-range', 'etag']);
  t.equal(Object.keys(headers).length, 7, 'the original is as it was');
});

t.test('fields that private and no-cache name are not stored', async (t) => {
  const headers = toHeaderMap({ 'cache-control': 'private="X-A", no-cache="x-b"', 'x-a': '1' });
  t.equal(forOthers(headers)['x-a'], undefined);
  t.equal(headers['x-a'], '1');
  const plain = toHeaderMap(FRESH);
  t.equal(forOthers(plain), plain);
});
