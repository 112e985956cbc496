/** Heads and what they mean for a fill: the closed table, and heads nobody thought of. */
import fc from 'fast-check';
import t from 'tap';
import type { OriginHead } from '#src/model/fetch.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { Validator } from '#src/model/validator.js';
import { judgeRangeResponse, type RangeVerdict } from '#src/worker/range-verdict.js';

const WANTED = { start: 100, end: 200 };
const KNOWN = {
  completeLength: 1000,
  validator: { kind: 'etag', strong: true, value: '"a"' } satisfies Validator,
};
const NOW_MS = 0;

function judge(status: number, headers: Record<string, string>, length: number | null = null) {
  const head: OriginHead = { status, headers: toHeaderMap(headers), contentLength: length };
  return judgeRangeResponse(head, WANTED, KNOWN, NOW_MS);
}

const A = { etag: '"a"' };
const CASES: readonly [name: string, verdict: RangeVerdict, expected: object][] = [
  [
    'a proper 206',
    judge(206, { ...A, 'content-range': 'bytes 100-199/1000' }, 100),
    { kind: 'partial', end: 200 },
  ],
  [
    'a shorter 206',
    judge(206, { ...A, 'content-range': 'bytes 100-149/1000' }, 50),
    { kind: 'partial', end: 150 },
  ],
  [
    'a 206 whose Content-Length is not its range',
    judge(206, { ...A, 'content-range': 'bytes 100-149/1000' }, 100),
    { kind: 'odd-range', error: { code: 'origin-range-mismatch', retryable: true } },
  ],
  [
    'another validator',
    judge(206, { etag: '"b"', 'content-range': 'bytes 100-199/1000' }, 100),
    { kind: 'other', mark: 'etag/"b"/1000' },
  ],
  [
    'another length',
    judge(206, { ...A, 'content-range': 'bytes 100-199/1001' }, 100),
    { kind: 'other', mark: 'etag/"a"/1001' },
  ],
  ['the whole', judge(200, A, 1000), { kind: 'whole' }],
  ['the whole, of unknown length', judge(200, A), { kind: 'whole' }],
  ['another whole', judge(200, A, 999), { kind: 'other' }],
  ['a whole without validator', judge(200, {}, 1000), { kind: 'other', mark: 'none//1000' }],
  ['a coded whole', judge(200, { ...A, 'content-encoding': 'br' }, 1000), { kind: 'other' }],
  ['a 206 without Content-Range', judge(206, A, 100), { kind: 'odd-range' }],
  [
    'a 206 of the whole',
    judge(206, { ...A, 'content-range': 'bytes 0-999/1000' }, 1000),
    { kind: 'odd-range' },
  ],
  ['416', judge(416, { 'content-range': 'bytes */50' }), { kind: 'other', mark: '416/50' }],
  ['416 of our own length', judge(416, { 'content-range': 'bytes */1000' }), { kind: 'unusable' }],
  ['304', judge(304, A), { kind: 'unusable', error: { code: 'origin-range-mismatch' } }],
  ['404', judge(404, {}), { kind: 'unusable', error: { retryable: false, originStatus: 404 } }],
  ['410', judge(410, {}), { kind: 'unusable', error: { retryable: false } }],
  ['501', judge(501, {}), { kind: 'unusable', error: { retryable: false } }],
  ['503', judge(503, {}), { kind: 'unusable', error: { retryable: true, originStatus: 503 } }],
];

for (const [name, verdict, expected] of CASES) {
  void t.test(name, (t) => {
    t.match(verdict, expected);
    t.end();
  });
}

void t.test('a redirect or refusal is reported to the main thread', (t) => {
  for (const status of [300, 301, 302, 303, 307, 308, 401, 403]) {
    t.equal(judge(status, {}).kind, 'resolve-again');
  }
  t.end();
});

void t.test('property: no head throws, and only a matching 206 is accepted', (t) => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('"a"', 'W/"a"', 'bytes 100-199/1000', 'bytes 0-99/1000', 'bytes */1000'),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(200, 204, 206, 304, 416, 500),
      fc.dictionary(fc.constantFrom('etag', 'content-range', 'content-type'), value),
      fc.option(fc.nat({ max: 2000 })),
      (status, headers, length) => {
        const verdict = judge(status, headers, length);
        if (verdict.kind !== 'partial') return true;
        return status === 206 && headers['etag']?.trim() === '"a"' && verdict.end <= WANTED.end;
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

void t.test('an object with a digest may come coded, as a whole, and is decoded', (t) => {
  const known = { completeLength: 1000, validator: { kind: 'digest' } } as const;
  const of = (status: number, headers: Record<string, string>) =>
    judgeRangeResponse(
      { status, headers: toHeaderMap(headers), contentLength: 77 },
      { start: 100, end: 200 },
      known,
      0,
    );
  const gzip = { 'content-encoding': 'x-gzip' };
  t.same(of(200, gzip), { kind: 'whole', coding: 'gzip' }, 'its length is of the coded form');
  t.match(of(206, { ...gzip, 'content-range': 'bytes 0-76/77' }), { kind: 'odd-range' });
  for (const coding of ['compress', 'gzip, br'])
    t.match(of(200, { 'content-encoding': coding }), { kind: 'unusable' }, coding);
  t.end();
});
