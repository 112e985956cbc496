import t from 'tap';
import { assess, isErrorStatus } from '#src/cache/rfc9111/assess.js';
import { toHeaderMap } from '#src/model/headers.js';
import { type Fields, RECEIVED, storedResponse } from '../../fixtures/stored-response.js';

/** What a response is worth so many seconds after it came. */
function after(seconds: number, cacheControl: string, request: Fields = {}) {
  const stored = storedResponse({ 'cache-control': cacheControl, etag: '"a"' });
  return assess(stored, toHeaderMap(request), RECEIVED + seconds * 1000);
}

t.test('a response is fresh for its lifetime', async (t) => {
  t.same(after(0, 'max-age=60'), { kind: 'fresh', ageSeconds: 0, ttlSeconds: 60 });
  t.same(after(59, 'max-age=60'), { kind: 'fresh', ageSeconds: 59, ttlSeconds: 1 });
  t.match(after(60, 'max-age=60'), { kind: 'validate', reason: 'stale', ttlSeconds: 0 });
});

t.test('request directives restrict the reuse of a stored response', async (t) => {
  const context = (seconds: number, cacheControl: string) =>
    after(seconds, 'max-age=60', { 'cache-control': cacheControl });
  const refused = { kind: 'validate', reason: 'request', onFailure: 'never' };
  t.match(context(10, 'no-cache'), refused);
  t.match(context(10, 'max-age=9'), refused);
  t.match(context(10, 'max-age=x'), refused);
  t.match(context(10, 'max-age=10'), { kind: 'fresh' });
  t.match(context(0.5, 'max-age=0'), refused);
  t.match(context(10, 'min-fresh=51'), refused);
  t.match(context(10, 'min-fresh=x'), refused);
  t.match(context(10, 'min-fresh=50'), { kind: 'fresh' });
  t.match(after(10, 'max-age=60', { pragma: 'no-cache' }), refused);
  t.match(
    context(70, 'max-age=600'),
    { kind: 'validate', reason: 'stale' },
    'no leave to be stale',
  );
});

t.test('a stale response is served when the client allows it (max-stale)', async (t) => {
  const context = (cacheControl: string, said = 'max-age=60') =>
    after(70, said, { 'cache-control': cacheControl });
  t.match(context('max-stale'), { kind: 'stale', why: 'max-stale', ttlSeconds: -10 });
  t.match(context('max-stale=10'), { kind: 'stale' });
  t.match(context('max-stale=9'), { kind: 'validate' });
  t.match(context('max-stale=x'), { kind: 'validate' });
  t.match(context('max-stale, max-age=5'), { kind: 'validate' });
  for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
    const found = context('max-stale', `max-age=60, ${directive}`);
    t.match(found, { kind: 'validate', onFailure: 'never' }, directive);
  }
  t.match(context('max-stale', 's-maxage=60'), { kind: 'validate', onFailure: 'never' });
});

t.test('a stale response is served when the origin allows it', async (t) => {
  const beside = 'max-age=60, stale-while-revalidate=10';
  t.match(after(69, beside), { kind: 'stale', why: 'stale-while-revalidate' });
  t.match(after(70, beside), { kind: 'validate', onFailure: 'disconnected' });
  t.match(after(69, `${beside}, must-revalidate`), { kind: 'validate', onFailure: 'never' });
  t.match(after(69, beside, { 'cache-control': 'no-cache' }), { onFailure: 'never' });
  const error = 'max-age=60, stale-if-error=10';
  t.match(after(69, error), { kind: 'validate', onFailure: 'error-status' });
  t.match(after(70, error), { kind: 'validate', onFailure: 'disconnected' });
  t.match(after(70, 'max-age=60, stale-if-error=x'), { onFailure: 'disconnected' });
});

t.test('no-cache requires validation unless it names single fields', async (t) => {
  t.match(after(0, 'max-age=60, no-cache'), { kind: 'validate', onFailure: 'never' });
  t.match(after(0, 'max-age=60, no-cache="x"'), { kind: 'fresh' });
});

t.test('a precondition that only the origin can evaluate forwards the request', async (t) => {
  const found = (request: Fields) => after(0, 'max-age=60', request).kind;
  t.equal(found({ 'if-match': '"a"' }), 'fresh');
  t.equal(found({ 'if-match': '"b"' }), 'validate');
  t.equal(found({ 'if-unmodified-since': 'Wed, 01 Jan 2025 00:00:00 GMT' }), 'validate');
  t.equal(found({ 'if-none-match': '"b"' }), 'fresh');
});

t.test('isErrorStatus is true for 500, 502, 503 and 504', async (t) => {
  t.same([200, 404, 429, 500, 501, 502, 503, 504, 599].filter(isErrorStatus), [500, 502, 503, 504]);
});
