import t from 'tap';
import {
  clientConditions,
  conditionsFor,
  refreshed,
  selectValidated,
} from '#src/cache/validate.js';
import { toHeaderMap } from '#src/model/headers.js';
import { RECEIVED, storedResponse } from '../fixtures/stored-response.js';

const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT';

t.test('conditions offer every tag, and the date of a single response', async (t) => {
  const strong = storedResponse({ etag: '"a"', 'last-modified': MODIFIED });
  const weak = storedResponse({ etag: 'W/"b"' });
  t.same(conditionsFor([strong]), { 'if-none-match': '"a"', 'if-modified-since': MODIFIED });
  t.same(conditionsFor([strong, weak, strong]), { 'if-none-match': '"a", W/"b"' });
  t.same(conditionsFor([storedResponse({ etag: 'bare', 'last-modified': 'once' })]), {});
  t.same(conditionsFor([]), {});
});

t.test("a client's own conditions, by their precedence", async (t) => {
  const date = { 'if-modified-since': MODIFIED };
  t.same(clientConditions(toHeaderMap({ 'if-none-match': '"a"', ...date })), {
    'if-none-match': '"a"',
  });
  t.same(clientConditions(toHeaderMap(date)), date);
  t.same(clientConditions(toHeaderMap({ 'if-match': '"a"' })), {});
});

t.test('the response that a 304 speaks of', async (t) => {
  const [a, b, weak] = ['"a"', '"b"', 'W/"w"'].map((etag) => storedResponse({ etag }));
  if (a === undefined || b === undefined || weak === undefined) throw new Error('unreachable');
  const chosen = (candidates: (typeof a)[], etag?: string) => {
    const found = selectValidated(candidates, toHeaderMap(etag === undefined ? {} : { etag }));
    return found.kind === 'none' ? 'none' : [found.kind, found.stored.headers['etag']];
  };
  t.same(chosen([a, b], '"b"'), ['update', '"b"']);
  t.same(chosen([a, weak], 'W/"w"'), ['update', 'W/"w"']);
  t.same(chosen([a, b], 'W/"b"'), ['update', '"b"'], 'weak comparison');
  t.same(chosen([weak], '"w"'), ['confirm', 'W/"w"'], 'a strong one wants a strong one');
  t.same(chosen([a], '"x"'), ['confirm', '"a"']);
  t.same(chosen([a]), ['update', '"a"']);
  t.equal(chosen([a, b]), 'none');
  t.equal(chosen([a, b], '"x"'), 'none');
  t.equal(chosen([], '"x"'), 'none');
});

t.test('a 304 renews what is said, not what is held', async (t) => {
  const old = storedResponse({ etag: '"a"', age: '100', 'content-encoding': 'x', 'x-old': '1' });
  const times = { requestTimeMs: RECEIVED + 5000, responseTimeMs: RECEIVED + 6000 };
  const fields = {
    'cache-control': 'max-age=9, private="x-mine"',
    'x-mine': '1',
    'content-type': 'text/new',
    'content-encoding': 'evil',
    'content-length': '0',
    etag: '"b"',
  };
  const renewed = refreshed(old, toHeaderMap(fields), times);
  t.match(renewed, times);
  t.match(renewed.headers, {
    'cache-control': fields['cache-control'],
    'content-type': 'text/new',
    'content-encoding': 'x',
    'x-old': '1',
    etag: '"a"',
  });
  for (const name of ['age', 'content-length', 'x-mine']) {
    t.equal(renewed.headers[name], undefined, name);
  }
  t.equal(renewed.object, old.object);
  t.equal(old.headers['age'], '100', 'the old one is as it was');
});

t.test('another Vary selects by other fields, for who asked', async (t) => {
  const old = storedResponse({ vary: 'x-a' }, { 'x-a': '1' });
  const vary = toHeaderMap({ vary: 'x-b' });
  const request = toHeaderMap({ 'x-a': '1', 'x-b': '2' });
  const asked = refreshed(old, vary, old, request);
  t.same([asked.headers['vary'], { ...asked.requestHeaders }], ['x-b', { 'x-b': '2' }]);
  const others = refreshed(old, vary, old);
  t.same([others.headers['vary'], { ...others.requestHeaders }], ['x-a', { 'x-a': '1' }]);
});

t.test('a cookie of a 304 is for others too only where the 304 may serve for a while', (t) => {
  const old = storedResponse({ etag: '"a"', 'set-cookie': 'a=old' });
  const cookieAfter = (cacheControl?: string): unknown => {
    const fields = toHeaderMap({
      'set-cookie': 'a=new',
      ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
    });
    return refreshed(old, fields, old).headers['set-cookie'];
  };
  t.same(cookieAfter('max-age=9'), 'a=new');
  for (const alone of [undefined, 'no-cache, max-age=9', 'max-age=0', 'no-cache', 'public']) {
    t.same(cookieAfter(alone), 'a=old', alone ?? 'nothing said');
  }
  t.end();
});
