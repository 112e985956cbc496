import t from 'tap';
import { replacing, sharingContent, without } from '#src/cache/api/record.js';
import { toHeaderMap } from '#src/model/headers.js';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';
import type { StoredResponse } from '#src/model/response.js';
import { validatorOf } from '#src/model/validator.js';
import { identityOf } from '../../fixtures/store-chunks.js';
import { RECEIVED, storedResponse } from '../../fixtures/stored-response.js';

const variant = (kind: string, etag: string): StoredResponse =>
  storedResponse(
    { vary: 'x-kind', etag },
    { 'x-kind': kind },
    { object: identityOf('a', 1, { validator: validatorOf(toHeaderMap({ etag })) }) },
  );

const tags = (variants: readonly StoredResponse[]) =>
  variants.map(({ headers }) => headers['etag']);

t.test('a new response replaces the one that the same request selected', async (t) => {
  const known = [variant('one', '"1"'), variant('two', '"2"')];
  t.same(tags(replacing(known, variant('two', '"3"'))), ['"3"', '"1"']);
  t.same(tags(replacing(known, variant('three', '"3"'))), ['"3"', '"1"', '"2"']);
  t.same(tags(without(known, variant('one', '"9"'))), ['"2"']);
});

t.test('responses with the same strong validator are freshened together', async (t) => {
  const stored = variant('one', '"1"');
  const known = [variant('two', '"1"'), variant('three', '"3"'), variant('four', 'W/"1"')];
  const times = { requestTimeMs: RECEIVED, responseTimeMs: RECEIVED + 9, order: 1 };
  const found = sharingContent(known, stored, {
    headers: toHeaderMap({ 'x-new': '1' }),
    times,
    chain: NO_REDIRECTS,
  });
  t.same(
    found.map(({ headers, responseTimeMs }) => [headers['x-new'], responseTimeMs - RECEIVED]),
    [
      ['1', 9],
      [undefined, 0],
      [undefined, 0],
    ],
  );
});
