import fc from 'fast-check';
import t from 'tap';
import { placeOf, signedUrlExpiryMs } from '#src/origin/signed-url.js';

function expiry(query: string): number | null {
  return signedUrlExpiryMs(new URL(`https://cdn.example/x?${query}`));
}

void t.test('expiry is read from each known form of a signed URL', (t) => {
  const end = Date.UTC(2026, 5, 30, 23, 59, 59) + 3_600_000;
  t.equal(expiry('X-Amz-Date=20260630T235959Z&X-Amz-Expires=3600'), end);
  t.equal(expiry('x-amz-expires=3600&x-amz-date=20260630T235959Z'), end);
  t.equal(expiry('X-Goog-Date=20260630T235959Z&X-Goog-Expires=3600'), end);
  t.equal(expiry('Expires=1782867599&Signature=x&Key-Pair-Id=y'), 1_782_867_599_000);
  t.end();
});

void t.test('any other URL has no expiry', (t) => {
  for (const query of [
    '',
    'X-Amz-Expires=3600',
    'X-Amz-Date=20260630T235959Z',
    'X-Amz-Date=2026-06-30&X-Amz-Expires=3600',
    'X-Amz-Date=20260630T235959Z&X-Amz-Expires=-1',
    'X-Amz-Date=20260630T235959Z&X-Amz-Expires=1e9',
    'Expires=never',
    'Expires=3600',
    'Expires=99999999999999999999',
  ]) {
    t.equal(expiry(query), null, query);
  }
  fc.assert(
    fc.property(fc.webQueryParameters(), (query) => {
      const found = expiry(query);
      t.ok(found === null || Number.isFinite(found));
    }),
    { numRuns: 30 },
  );
  t.end();
});

void t.test('a place is equal at every host and with every signature', (t) => {
  const place = (url: string): string => placeOf(new URL(url));
  const one = place('https://a.example/b?until=1');
  t.equal(place('https://c.example:8443/b?X-Amz-Signature=x&X-Amz-Expires=1'), one);
  t.equal(place('http://a.example/b'), one);
  for (const other of ['/', '/b/', '/c?until=1']) {
    t.not(place(`https://a.example${other}`), one, other);
  }
  t.match(one, /^[0-9a-f]{32}$/);
  t.end();
});
