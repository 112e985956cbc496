import t from 'tap';
import {
  ageAt,
  allowsHeuristics,
  freshnessOf,
  hasExplicitLifetime,
} from '#src/cache/rfc9111/freshness.js';
import {
  dateAfter,
  type Fields,
  RECEIVED,
  storedResponse,
} from '../../fixtures/stored-response.js';

const lifetime = (headers: Fields, status = 200) =>
  freshnessOf(storedResponse(headers, {}, { status })).lifetimeSeconds;

t.test('the lifetime is s-maxage, else max-age, else Expires', async (t) => {
  const expires = dateAfter(7);
  t.equal(lifetime({ 'cache-control': 'max-age=5, s-maxage=9', expires }), 9);
  t.equal(lifetime({ 'cache-control': 'max-age=5', expires }), 5);
  t.equal(lifetime({ expires }), 7);
  t.equal(lifetime({ expires, date: dateAfter(-3) }), 10, 'counted from Date');
  t.equal(lifetime({ expires: dateAfter(-7) }), 0);
  t.equal(lifetime({ expires: 'soon' }), 0);
  t.equal(lifetime({ 'cache-control': 'max-age=x', expires }), 0, 'in doubt stale');
  t.equal(lifetime({ 'cache-control': 's-maxage=x, max-age=5' }), 0);
  t.equal(lifetime({ 'cdn-cache-control': 'public', expires }), 0, 'Expires is not targeted');
});

t.test('the heuristic lifetime is a tenth of the time since Last-Modified', async (t) => {
  const modified = { 'last-modified': dateAfter(-1000) };
  t.equal(lifetime(modified), 100);
  t.equal(lifetime(modified, 404), 100);
  t.equal(lifetime(modified, 201), 0);
  t.equal(lifetime({ ...modified, 'cache-control': 'public' }, 201), 100);
  t.equal(lifetime({ 'last-modified': dateAfter(1000) }), 0);
  t.equal(lifetime({ 'last-modified': 'once' }), 0);
  t.equal(lifetime({}), 0);
  t.notOk(allowsHeuristics({ status: 500, headers: {} }));
});

t.test('hasExplicitLifetime is true for max-age and Expires, not for validators', async (t) => {
  const says = (headers: Fields) => hasExplicitLifetime(storedResponse(headers));
  t.ok(says({ 'cache-control': 'max-age=0' }));
  t.ok(says({ expires: 'nonsense' }));
  t.notOk(says({ 'last-modified': dateAfter(-5), etag: '"a"' }));
});

t.test('a response dated in the future is assumed to be of any age', async (t) => {
  const stored = storedResponse({ age: '30' });
  t.equal(ageAt(stored, RECEIVED - 1001), 2 ** 31);
  t.equal(ageAt(stored, RECEIVED - 1), 30, 'no clock is that exact');
  t.equal(ageAt({ ...stored, steadyTimeMs: RECEIVED + 5_000 }, RECEIVED + 6_000), 31, 'not here');
});

t.test('age: the greater of what it says and what its Date says, and the time since', async (t) => {
  const age = (headers: Fields, seconds = 0, delayMs = 0) =>
    ageAt(
      storedResponse(headers, {}, { requestTimeMs: RECEIVED - delayMs }),
      RECEIVED + seconds * 1000,
    );
  t.equal(age({}), 0);
  t.equal(age({}, 12.5), 12.5);
  t.equal(age({ age: '30' }, 5), 35);
  t.equal(age({ age: '30', date: dateAfter(-60) }, 5), 65);
  t.equal(age({ age: '30' }, 0, 2000), 32, 'the response may have been on its way as long');
  t.equal(age({ date: dateAfter(60) }, 5), 5, 'a clock that is fast makes nothing younger');
  t.equal(age({ date: 'yesterday' }, 5), 5);
  t.equal(age({ age: '30, 99' }), 30);
  for (const wrong of ['x', '-5', '1.5', '', ', 9']) t.equal(age({ age: wrong }), 0, wrong);
});
