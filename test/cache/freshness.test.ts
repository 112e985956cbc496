import t from 'tap';
import {
  assess,
  isStorable,
  refreshed,
  variantFields,
  variantMatches,
  variedFields,
} from '#src/cache/freshness.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { StoredResponse } from '#src/model/response.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { identityOf } from '../fixtures/store-chunks.js';

const RECEIVED = Date.UTC(2026, 0, 1);
const NONE = toHeaderMap({});

function stored(
  headers: Record<string, string>,
  request: Record<string, string> = {},
): StoredResponse {
  return {
    status: 200,
    headers: toHeaderMap({ date: new Date(RECEIVED).toUTCString(), ...headers }),
    requestHeaders: toHeaderMap(request),
    requestTimeMs: RECEIVED,
    responseTimeMs: RECEIVED,
    object: identityOf('a', 1),
  };
}

/** What a response is worth so many seconds after it came. */
function after(
  seconds: number,
  headers: Record<string, string>,
  request: Record<string, string> = {},
) {
  const clock = new ManualClock(RECEIVED);
  clock.advance(seconds * 1000);
  return assess(stored(headers), toHeaderMap(request), clock);
}

t.test('max-age and Expires, s-maxage first', async (t) => {
  const hour = { 'cache-control': 'max-age=3600', etag: '"a"' };
  t.same(after(0, hour), { kind: 'fresh', ageSeconds: 0 });
  t.same(after(3599, hour), { kind: 'fresh', ageSeconds: 3599 });
  t.same(after(3600, hour), { kind: 'stale', conditions: { 'if-none-match': '"a"' } });
  const shared = { 'cache-control': 'max-age=3600, s-maxage=10' };
  t.match(after(11, shared), { kind: 'stale' });
  const expires = { expires: new Date(RECEIVED + 60_000).toUTCString() };
  t.match(after(59, expires), { kind: 'fresh' });
  t.match(after(61, expires), { kind: 'stale' });
  t.match(after(0, { 'cache-control': 'no-cache', etag: '"a"' }), { kind: 'stale' });
});

t.test('the Age it came with counts, the clock of its origin does not have to agree', async (t) => {
  t.match(after(60, { 'cache-control': 'max-age=100', age: '50' }), { kind: 'stale' });
  t.same(after(40, { 'cache-control': 'max-age=100', age: '50' }), {
    kind: 'fresh',
    ageSeconds: 90,
  });
});

t.test('what a request may ask of it', async (t) => {
  const hour = { 'cache-control': 'max-age=3600', etag: '"a"' };
  t.match(after(10, hour, { 'cache-control': 'no-cache' }), { kind: 'stale' });
  t.match(after(10, hour, { pragma: 'no-cache' }), { kind: 'stale' });
  t.match(after(10, hour, { pragma: 'no-cache', 'cache-control': 'max-age=60' }), {
    kind: 'fresh',
  });
  t.match(after(10, hour, { 'cache-control': 'max-age=9' }), { kind: 'stale' });
  t.match(after(10, hour, { 'cache-control': 'max-age=11' }), { kind: 'fresh' });
  t.match(after(10, hour, { 'cache-control': 'min-fresh=3591' }), { kind: 'stale' });
  t.match(after(10, hour, { 'cache-control': 'min-fresh=3000' }), { kind: 'fresh' });
  t.match(after(10, hour, { 'cache-control': 'max-age=soon' }), { kind: 'fresh' }, 'nonsense');
});

t.test('how it is revalidated', async (t) => {
  t.same(after(9999, { 'cache-control': 'max-age=0', etag: 'W/"a"' }), {
    kind: 'stale',
    conditions: { 'if-none-match': 'W/"a"' },
  });
  const modified = 'Wed, 01 Jan 2025 00:00:00 GMT';
  t.same(after(9, { 'cache-control': 'max-age=0', 'last-modified': modified }), {
    kind: 'stale',
    conditions: { 'if-modified-since': modified },
  });
  t.same(after(9, { 'cache-control': 'max-age=0' }), { kind: 'stale', conditions: {} });
});

t.test('what a shared cache may store', async (t) => {
  const storable = (headers: Record<string, string>, request: Record<string, string> = {}) =>
    isStorable(toHeaderMap(request), stored(headers));
  t.ok(storable({ 'cache-control': 'max-age=60' }));
  t.ok(storable({ etag: '"a"' }), 'to be revalidated');
  t.notOk(storable({ 'cache-control': 'no-store' }));
  t.notOk(storable({ 'cache-control': 'private, max-age=60' }));
  t.notOk(storable({ 'cache-control': 'max-age=60', vary: '*' }));
  t.notOk(storable({ 'cache-control': 'max-age=60' }, { authorization: 'Bearer x' }));
  t.ok(storable({ 'cache-control': 'public, max-age=60' }, { authorization: 'Bearer x' }));
  t.notOk(storable({ 'cache-control': 'max-age=60' }, { 'cache-control': 'no-store' }));
});

t.test('a 304 renews what is said, not what is held', async (t) => {
  const old = stored({ etag: '"a"', age: '100', 'content-type': 'text/plain', 'x-old': '1' });
  const times = { requestTimeMs: RECEIVED + 5000, responseTimeMs: RECEIVED + 6000 };
  const fields = { 'cache-control': 'max-age=9', 'content-type': 'evil', 'content-length': '0' };
  const renewed = refreshed(old, toHeaderMap(fields), times);
  t.match(renewed, times);
  t.equal(renewed.headers['cache-control'], 'max-age=9');
  t.equal(renewed.headers['content-type'], 'text/plain');
  t.equal(renewed.headers['x-old'], '1');
  t.equal(renewed.headers['age'], undefined, 'the age belonged to the first response');
  t.equal(renewed.headers['content-length'], undefined);
  t.equal(renewed.object, old.object);
  t.equal(old.headers['age'], '100', 'the old one is as it was');
});

t.test('Vary', async (t) => {
  t.same(variedFields(toHeaderMap({ vary: 'Accept-Encoding, X-A,, x-b ' })), ['x-a', 'x-b']);
  t.equal(variedFields(toHeaderMap({ vary: 'x-a, *' })), 'any');
  t.same(variedFields(NONE), []);
  const response = { vary: 'x-a' };
  const asked = toHeaderMap({ 'x-a': ' 1 ,2', 'x-b': 'other' });
  const values = variantFields(asked, toHeaderMap(response));
  t.same({ ...values }, { 'x-a': '1, 2' });
  const variant = { ...stored(response), requestHeaders: values };
  t.ok(variantMatches(variant, asked));
  t.ok(variantMatches(variant, toHeaderMap({ 'x-a': '1, 2' })));
  t.notOk(variantMatches(variant, toHeaderMap({ 'x-a': '1,3' })));
  t.notOk(variantMatches(variant, NONE));
  t.notOk(variantMatches(stored({ vary: '*' }), NONE));
  const absent = stored(response);
  t.ok(variantMatches(absent, NONE), 'absent then and now');
  t.notOk(variantMatches(absent, toHeaderMap({ 'x-a': '' })), 'empty is not absent');
});
