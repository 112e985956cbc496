import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import {
  isStrong,
  parseEntityTag,
  sameStrong,
  strongFieldValue,
  type Validator,
  validatorMatches,
  validatorOf,
} from '#src/model/validator.js';

const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT';
const SAME_SECOND = 'Wed, 01 Jan 2025 00:00:00 GMT';
const NEXT_SECOND = 'Wed, 01 Jan 2025 00:00:01 GMT';

const of = (headers: Record<string, string>) => validatorOf(toHeaderMap(headers));

t.test('entity tags (RFC 9110 section 8.8.3)', async (t) => {
  t.same(parseEntityTag('"a"'), { strong: true, value: '"a"' });
  t.same(parseEntityTag(' W/"a b" '), undefined, 'no space inside');
  t.same(parseEntityTag('W/"a"'), { strong: false, value: '"a"' });
  t.same(parseEntityTag('""'), { strong: true, value: '""' });
  for (const text of [
    '',
    'a',
    '"a',
    'a"',
    'w/"a"',
    '"a"b"',
    '"a\u0000"',
    '"a\r\nx: y"',
    '"a", "b"',
  ]) {
    t.equal(parseEntityTag(text), undefined, JSON.stringify(text));
  }
});

t.test('an ETag takes precedence over a date, a malformed one is none', async (t) => {
  const date = { 'last-modified': MODIFIED, date: NEXT_SECOND };
  t.match(of({ etag: '"x"', ...date }), { kind: 'etag', strong: true });
  t.match(of({ etag: 'x', ...date }), { kind: 'last-modified', strong: true, value: MODIFIED });
  t.same(of({}), { kind: 'none' });
  t.same(of({ 'last-modified': 'yesterday' }), { kind: 'none' });
});

t.test('a Last-Modified is strong only a second after it (section 8.8.2.2)', async (t) => {
  t.ok(isStrong(of({ 'last-modified': MODIFIED, date: NEXT_SECOND })));
  t.notOk(isStrong(of({ 'last-modified': MODIFIED, date: SAME_SECOND })));
  t.notOk(isStrong(of({ 'last-modified': MODIFIED })), 'no Date, nothing to compare with');
  t.notOk(isStrong({ kind: 'none' }));
});

t.test('only equal strong validators join', async (t) => {
  const strong: Validator = { kind: 'etag', strong: true, value: '"a"' };
  const weak: Validator = { kind: 'etag', strong: false, value: '"a"' };
  t.ok(sameStrong(strong, { ...strong }));
  t.notOk(sameStrong(strong, weak));
  t.notOk(sameStrong(weak, weak));
  t.notOk(sameStrong(strong, { ...strong, value: '"b"' }));
  t.notOk(sameStrong(strong, { kind: 'last-modified', strong: true, value: '"a"' }));
  t.notOk(sameStrong({ kind: 'none' }, { kind: 'none' }));
});

t.test('a partial response belongs to a representation with an equal ETag', async (t) => {
  const etag: Validator = { kind: 'etag', strong: true, value: '"a"' };
  t.ok(validatorMatches(etag, toHeaderMap({ etag: '"a"' })));
  t.notOk(validatorMatches(etag, toHeaderMap({ etag: 'W/"a"' })));
  t.notOk(validatorMatches(etag, toHeaderMap({ 'last-modified': MODIFIED })));
  const date: Validator = { kind: 'last-modified', strong: true, value: MODIFIED };
  t.ok(validatorMatches(date, toHeaderMap({ 'last-modified': MODIFIED, date: SAME_SECOND })));
  t.notOk(validatorMatches(date, toHeaderMap({ 'last-modified': NEXT_SECOND })));
  t.notOk(validatorMatches({ kind: 'none' }, toHeaderMap({ etag: '"a"' })));
});

t.test('If-Range takes strong validators alone', async (t) => {
  t.equal(strongFieldValue({ kind: 'etag', strong: true, value: '"a"' }), '"a"');
  t.equal(strongFieldValue({ kind: 'etag', strong: false, value: '"a"' }), undefined);
  t.equal(strongFieldValue({ kind: 'last-modified', strong: true, value: MODIFIED }), MODIFIED);
  t.equal(strongFieldValue({ kind: 'none' }), undefined);
});
