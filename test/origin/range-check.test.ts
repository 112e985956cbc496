import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import type { OriginHead } from '#src/model/fetch.js';
import { checkPartialResponse, type RangeExpectation } from '#src/origin/range-check.js';

/** A proper answer to bytes 100-199 of 1000, with changes. */
function head(
  fields: Record<string, string | undefined> = {},
  over: Partial<OriginHead> = {},
): OriginHead {
  const headers = toHeaderMap({
    'content-range': 'bytes 100-199/1000',
    'content-length': '100',
    etag: '"a"',
    ...fields,
  });
  return { status: 206, headers, contentLength: 100, ...over };
}

const expected: RangeExpectation = {
  range: { start: 100, end: 200 },
  end: 'exact',
  completeLength: 1000,
  validator: { kind: 'etag', strong: true, value: '"a"' },
};

void t.test('a matching 206 passes the check', (t) => {
  t.strictSame(checkPartialResponse(head(), expected), {
    kind: 'ok',
    contentRange: { range: { start: 100, end: 200 }, completeLength: 1000 },
  });
  const first = { ...expected, completeLength: null, validator: null };
  t.equal(checkPartialResponse(head({ etag: undefined }), first).kind, 'ok', 'first contact');
  t.equal(checkPartialResponse(head({}, { contentLength: null }), expected).kind, 'ok');
  t.equal(checkPartialResponse(head({ 'content-encoding': 'identity' }), expected).kind, 'ok');
  t.end();
});

void t.test('each deviation of a 206 fails the check', (t) => {
  const cases: [string, OriginHead][] = [
    ['status', head({}, { status: 200 })],
    ['status', head({}, { status: 416 })],
    ['multipart', head({ 'content-type': 'multipart/byteranges; boundary=x' })],
    ['multipart', head({ 'content-type': ' Multipart/ByteRanges' })],
    ['validator', head({ 'content-encoding': 'gzip' })],
    ['content-range', head({ 'content-range': undefined })],
    ['content-range', head({ 'content-range': 'bytes */1000' })],
    ['content-range', head({ 'content-range': 'bytes 100-199' })],
    ['start', head({ 'content-range': 'bytes 99-199/1000' })],
    ['start', head({ 'content-range': 'bytes 101-199/1000' })],
    ['end', head({ 'content-range': 'bytes 100-200/1000' })],
    ['end', head({ 'content-range': 'bytes 100-198/1000' })],
    ['complete-length', head({ 'content-range': 'bytes 100-199/1001' })],
    ['complete-length', head({ 'content-range': 'bytes 100-199/*' })],
    ['content-length', head({}, { contentLength: 99 })],
    ['content-length', head({}, { contentLength: 101 })],
    ['validator', head({ etag: '"b"' })],
    ['validator', head({ etag: 'W/"a"' })],
    ['validator', head({ etag: undefined })],
  ];
  for (const [what, given] of cases) {
    t.strictSame(checkPartialResponse(given, expected), { kind: 'mismatch', what });
  }
  t.end();
});

void t.test("the range of the last chunk ends at the object's end", (t) => {
  const last: RangeExpectation = { ...expected, range: { start: 900, end: 2000 } };
  const answer = (range: string, length: number) =>
    checkPartialResponse(head({ 'content-range': range }, { contentLength: length }), last);
  t.equal(answer('bytes 900-999/1000', 100).kind, 'ok');
  t.strictSame(answer('bytes 900-998/1000', 99), { kind: 'mismatch', what: 'end' });

  // First contact asks for a whole chunk of an object of unknown length.
  const first = { ...last, completeLength: null, validator: null };
  const answered = head({ 'content-range': 'bytes 900-999/1000' });
  t.equal(checkPartialResponse(answered, first).kind, 'ok');
  const open = { ...first, range: { start: 900, end: null } };
  t.equal(checkPartialResponse(answered, open).kind, 'ok');
  const unknown = head({ 'content-range': 'bytes 900-999/*' });
  t.equal(checkPartialResponse(unknown, open).kind, 'ok', 'nothing to fall short of');
  t.strictSame(checkPartialResponse(unknown, first), { kind: 'mismatch', what: 'end' });
  t.end();
});

void t.test('a shorter range passes where the caller requests the rest', (t) => {
  const lenient: RangeExpectation = { ...expected, end: 'at-most' };
  const answer = (range: string, contentLength: number) =>
    checkPartialResponse(head({ 'content-range': range }, { contentLength }), lenient);
  t.strictSame(answer('bytes 100-149/1000', 50), {
    kind: 'ok',
    contentRange: { range: { start: 100, end: 150 }, completeLength: 1000 },
  });
  t.strictSame(answer('bytes 100-200/1000', 101), { kind: 'mismatch', what: 'end' });
  t.end();
});

void t.test('a 206 passes with the content coding of its validator only', (t) => {
  const gzip = { 'content-encoding': 'gzip' };
  const validator = { kind: 'etag', strong: true, value: '"a"', coding: 'gzip' } as const;
  t.equal(checkPartialResponse(head(gzip), { ...expected, validator }).kind, 'ok', 'as it was');
  t.equal(
    checkPartialResponse(head(gzip), { ...expected, validator: null }).kind,
    'ok',
    'first contact',
  );
  t.same(checkPartialResponse(head(), { ...expected, validator }), {
    kind: 'mismatch',
    what: 'validator',
  });
  // The digest is of what lies under the coding.
  const digest = { ...expected, validator: { kind: 'digest' } } as const;
  t.same(checkPartialResponse(head(gzip), digest), { kind: 'mismatch', what: 'content-encoding' });
  t.end();
});
