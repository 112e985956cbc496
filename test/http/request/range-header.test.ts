import fc from 'fast-check';
import t from 'tap';
import {
  MAX_RANGES,
  parseRange,
  type RangeSpec,
  resolveRange,
} from '#src/http/request/range-header.js';

const MAX = Number.MAX_SAFE_INTEGER;

function one(value: string): RangeSpec | string {
  const field = parseRange(value);
  if (field.kind !== 'ranges') return field.kind === 'ignored' ? field.reason : field.kind;
  const [only] = field.ranges;
  return field.ranges.length === 1 ? only : 'several';
}

t.test('parseRange reads the three forms of one range', (t) => {
  t.same(one('bytes=0-0'), { kind: 'from', first: 0, last: 0 });
  t.same(one('bytes=5-9'), { kind: 'from', first: 5, last: 9 });
  t.same(one('bytes=5-'), { kind: 'from', first: 5, last: null });
  t.same(one('bytes=-7'), { kind: 'suffix', length: 7 });
  t.same(one('BYTES=00001-002'), { kind: 'from', first: 1, last: 2 });
  t.same(one(' bytes=1-2\t'), { kind: 'from', first: 1, last: 2 });
  t.same(one('bytes=,, 1-2 ,'), { kind: 'from', first: 1, last: 2 }, 'empty list elements');
  t.end();
});

t.test('an absent, malformed or non-byte Range has no effect', (t) => {
  t.same(parseRange(undefined), { kind: 'none' });
  t.equal(one('items=0-5'), 'unit');
  for (const bad of [
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=1e3-',
    'bytes=0x1-2',
    'bytes=+1-2',
    'bytes=-+2',
    'bytes=--1',
    'bytes=1.0-2',
    'bytes=5-4',
    'bytes=1 - 2',
    'bytes =1-2',
    'bytes=1-2;3-4',
    'bytes=\uff11-\uff12',
    'bytes=1-2, x',
    'bytes=1152921504606846976-36028797018963968',
  ]) {
    t.equal(one(bad), 'malformed', JSON.stringify(bad));
  }
  t.end();
});

t.test('numbers beyond 2^53-1 (CVE-2017-7529 class)', (t) => {
  const suffix = one('bytes=-9223372036854775808');
  t.same(suffix, { kind: 'suffix', length: MAX });
  t.same(typeof suffix === 'object' && resolveRange(suffix, 100), { start: 0, end: 100 });
  t.same(one('bytes=0-9007199254740993'), { kind: 'from', first: 0, last: MAX });
  const beyond = one('bytes=18446744073709551616-');
  t.equal(typeof beyond === 'object' && resolveRange(beyond, 100), 'unsatisfiable');
  t.same(one(`bytes=0-${'9'.repeat(8000)}`), { kind: 'from', first: 0, last: MAX });
  t.end();
});

t.test('many ranges are kept in order up to a bound (RangeAmp)', (t) => {
  const list = (count: number): string =>
    `bytes=${Array.from({ length: count }, (_, i) => `${String(i)}-`).join(',')}`;
  const most = parseRange(list(MAX_RANGES));
  t.equal(most.kind === 'ranges' && most.ranges.length, MAX_RANGES);
  t.equal(one(list(MAX_RANGES + 1)), 'too-many');
  t.same(parseRange('bytes=3-4,-1'), {
    kind: 'ranges',
    ranges: [
      { kind: 'from', first: 3, last: 4 },
      { kind: 'suffix', length: 1 },
    ],
  });
  t.end();
});

t.test('a range is resolved against a length', (t) => {
  t.same(resolveRange({ kind: 'from', first: 2, last: null }, 10), { start: 2, end: 10 });
  t.same(resolveRange({ kind: 'from', first: 2, last: 3 }, 10), { start: 2, end: 4 });
  t.same(resolveRange({ kind: 'from', first: 9, last: MAX }, 10), { start: 9, end: 10 });
  t.equal(resolveRange({ kind: 'from', first: 10, last: null }, 10), 'unsatisfiable');
  t.equal(resolveRange({ kind: 'from', first: 0, last: null }, 0), 'unsatisfiable');
  t.same(resolveRange({ kind: 'suffix', length: 3 }, 10), { start: 7, end: 10 });
  t.equal(resolveRange({ kind: 'suffix', length: 0 }, 10), 'unsatisfiable');
  t.same(resolveRange({ kind: 'suffix', length: 3 }, 0), { start: 0, end: 0 });
  t.end();
});

t.test('property: parseRange never throws, and a resolved range lies within the length', (t) => {
  const digits = fc.stringMatching(/^[0-9]{0,22}$/);
  const nearly = fc
    .array(fc.tuple(digits, fc.constantFrom('-', '--', ' - ', ''), digits), { maxLength: 40 })
    .map((parts) => `bytes=${parts.map((part) => part.join('')).join(',')}`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), fc.maxSafeNat(), (value, length) => {
      const field = parseRange(value);
      if (field.kind !== 'ranges') return true;
      return field.ranges.every((spec) => {
        const range = resolveRange(spec, length);
        return range === 'unsatisfiable' || (range.start <= range.end && range.end <= length);
      });
    }),
  );
  t.end();
});
