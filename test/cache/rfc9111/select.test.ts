import t from 'tap';
import { select, variantFields, variantMatches, variantName } from '#src/cache/rfc9111/select.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { StoredResponse } from '#src/model/response.js';
import { plainTag, redirectHop, storedResponse } from '../../fixtures/stored-response.js';

const NONE = toHeaderMap({});

t.test('variantMatches compares the fields that Vary names, normalised', async (t) => {
  const response = { vary: 'x-a' };
  const context = toHeaderMap({ 'x-a': ' 1 ,2', 'x-b': 'other' });
  const values = variantFields(context, storedResponse(response), plainTag);
  t.same({ ...values }, { 'x-a': '1, 2' });
  const variant = { ...storedResponse(response), requestHeaders: values };
  t.ok(variantMatches(variant, context, plainTag));
  t.ok(variantMatches(variant, toHeaderMap({ 'x-a': '1, 2' }), plainTag));
  t.notOk(variantMatches(variant, toHeaderMap({ 'x-a': '1,3' }), plainTag));
  t.notOk(variantMatches(variant, NONE, plainTag));
  t.notOk(variantMatches(storedResponse({ vary: '*' }), NONE, plainTag));
  const absent = storedResponse(response);
  t.ok(variantMatches(absent, NONE, plainTag), 'absent then and now');
  t.notOk(variantMatches(absent, toHeaderMap({ 'x-a': '' }), plainTag), 'empty is not absent');
});

t.test('variantFields includes the Vary fields of each redirect', async (t) => {
  const hops = [redirectHop({ vary: 'x-b' }), redirectHop({ vary: 'x-a' })];
  const led = { ...storedResponse({ vary: 'x-c' }), hops };
  const context = toHeaderMap({ 'x-a': '1', 'x-b': '2', 'x-c': '3', 'x-d': '4' });
  const variant = { ...led, requestHeaders: variantFields(context, led, plainTag) };
  t.same({ ...variant.requestHeaders }, { 'x-a': '1', 'x-b': '2', 'x-c': '3' });
  t.ok(variantMatches(variant, context, plainTag));
  for (const name of ['x-a', 'x-b', 'x-c']) {
    t.notOk(variantMatches(variant, toHeaderMap({ ...context, [name]: 'other' }), plainTag), name);
  }
  t.notOk(variantMatches({ ...led, hops: [redirectHop({ vary: '*' })] }, context, plainTag));
});

t.test('language tags match in any case, but not in another order', async (t) => {
  const response = storedResponse({ vary: 'accept-language, x-a' });
  const name = (language: string, other: string) =>
    variantName(
      variantFields(toHeaderMap({ 'accept-language': language, 'x-a': other }), response, plainTag),
    );
  t.equal(name('en-GB, de', 'a'), name('EN-gb,DE', 'a'));
  t.not(name('en, de', 'a'), name('de, en', 'a'));
  t.not(name('en', 'a'), name('en', 'A'));
  t.equal(variantName(NONE), '');
});

t.test('the newest matching variant is selected, one with Vary before one without', async (t) => {
  const variant = (etag: string, vary?: string): StoredResponse =>
    storedResponse({ etag, ...(vary !== undefined && { vary }) }, vary ? { [vary]: '1' } : {});
  const of = (...variants: StoredResponse[]) => ({
    origin: 'o',
    uri: 'u',
    acceptsRanges: true,
    variants,
  });
  const context = toHeaderMap({ 'x-a': '1', 'x-b': '1' });
  const tag = (record: ReturnType<typeof of>, unusable = '') =>
    select(record, context, ({ headers }) => headers['etag'] !== unusable, plainTag)?.headers[
      'etag'
    ];
  t.equal(tag(of(variant('new', 'x-a'), variant('old', 'x-b'))), 'new');
  t.equal(tag(of(variant('plain'), variant('old', 'x-b'))), 'old');
  t.equal(tag(of(variant('plain'), variant('other', 'x-c'))), 'plain');
  t.equal(tag(of(variant('new', 'x-a'), variant('old', 'x-b')), 'new'), 'old');
  t.equal(
    select(undefined, context, () => true, plainTag),
    undefined,
  );
});
