import t from 'tap';
import {
  candidatesAt,
  clientConditions,
  conditionsFor,
  refreshed,
  selectValidated,
} from '#src/cache/rfc9111/validate.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';
import { identityOf } from '../../fixtures/store-chunks.js';
import { plainTag, RECEIVED, redirectHop, storedResponse } from '../../fixtures/stored-response.js';

const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT';

t.test('a validation offers every ETag, and Last-Modified of a single response', async (t) => {
  const strong = storedResponse({ etag: '"a"', 'last-modified': MODIFIED });
  const weak = storedResponse({ etag: 'W/"b"' });
  t.same(conditionsFor([strong]), { 'if-none-match': '"a"', 'if-modified-since': MODIFIED });
  t.same(conditionsFor([strong, weak, strong]), { 'if-none-match': '"a", W/"b"' });
  t.same(conditionsFor([storedResponse({ etag: 'bare', 'last-modified': 'once' })]), {});
  t.same(conditionsFor([]), {});
});

t.test('client preconditions are evaluated in their order of precedence', async (t) => {
  const date = { 'if-modified-since': MODIFIED };
  t.same(clientConditions(toHeaderMap({ 'if-none-match': '"a"', ...date })), {
    'if-none-match': '"a"',
  });
  t.same(clientConditions(toHeaderMap(date)), date);
  t.same(clientConditions(toHeaderMap({ 'if-match': '"a"' })), {});
});

t.test('a 304 selects the stored response with its validator', async (t) => {
  const [a, b, weak] = ['"a"', '"b"', 'W/"w"'].map((etag) => storedResponse({ etag }));
  if (a === undefined || b === undefined || weak === undefined) throw new Error('unreachable');
  const chosen = (candidates: (typeof a)[], etag?: string) => {
    const found = selectValidated(candidates, {
      headers: toHeaderMap(etag === undefined ? {} : { etag }),
      chain: NO_REDIRECTS,
    });
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

t.test('a 304 freshens the stored head and keeps the stored object', async (t) => {
  const old = storedResponse({ etag: '"a"', age: '100', 'content-encoding': 'x', 'x-old': '1' });
  const times = { requestTimeMs: RECEIVED + 5000, responseTimeMs: RECEIVED + 6000, order: 1 };
  const fields = {
    'cache-control': 'max-age=9, private="x-mine"',
    'x-mine': '1',
    'content-type': 'text/new',
    'content-encoding': 'evil',
    'content-length': '0',
    etag: '"b"',
  };
  const renewed = refreshed(old, { headers: toHeaderMap(fields), times, chain: NO_REDIRECTS });
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

t.test('a 304 with another Vary selects by the fields of the validating request', async (t) => {
  const old = storedResponse({ vary: 'x-a' }, { 'x-a': '1' });
  const vary = { headers: toHeaderMap({ vary: 'x-b' }), times: old, chain: NO_REDIRECTS };
  const request = toHeaderMap({ 'x-a': '1', 'x-b': '2' });
  const context = refreshed(old, vary, { headers: request, tag: plainTag });
  t.same([context.headers['vary'], { ...context.requestHeaders }], ['x-b', { 'x-b': '2' }]);
  const others = refreshed(old, vary);
  t.same([others.headers['vary'], { ...others.requestHeaders }], ['x-a', { 'x-a': '1' }]);
});

t.test('a Set-Cookie of a 304 is never stored', async (t) => {
  const old = storedResponse({ etag: '"a"' });
  for (const control of ['max-age=9', 'public', 'no-cache, max-age=9']) {
    const headers = toHeaderMap({ 'set-cookie': 'a=new', 'cache-control': control });
    const notModified = { headers, times: old, chain: NO_REDIRECTS };
    t.equal(refreshed(old, notModified).headers['set-cookie'], undefined, control);
  }
});

t.test("a 304 replaces the redirects of the validating request's variant alone", async (t) => {
  const old = storedResponse({}, {}, { hops: [redirectHop({ vary: 'x-a' })] });
  const hops = [redirectHop({ vary: 'x-b' })];
  const notModified = { headers: toHeaderMap({}), times: old, chain: { hops, place: '' } };
  const context = refreshed(old, notModified, {
    headers: toHeaderMap({ 'x-b': '1' }),
    tag: plainTag,
  });
  t.same([context.hops, { ...context.requestHeaders }], [hops, { 'x-b': '1' }]);
  t.equal(refreshed(old, notModified).hops, old.hops);
});

t.test('a validator is offered only to the place that it came from', async (t) => {
  const at = (more: Partial<ObjectIdentity> = {}) =>
    storedResponse({ etag: '"a"' }, {}, { object: identityOf('a', 1, more) });
  const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  const [own, one, vouched] = [at(), at({ place: 'one' }), at({ digest })];
  const all = [own, one, vouched];
  t.same(candidatesAt('', all), [own, vouched]);
  t.same(candidatesAt('one', all), [one, vouched], 'a digest vouches wherever the bytes come from');
  const notModified = { headers: toHeaderMap({ etag: '"a"' }), chain: { hops: [], place: 'two' } };
  t.same(selectValidated([own, one], notModified), { kind: 'none' });
});
