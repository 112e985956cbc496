import fc from 'fast-check';
import t from 'tap';
import { parseContentRange } from '#src/origin/content-range.js';

void t.test('parseContentRange reads every form of RFC 9110', (t) => {
  t.strictSame(parseContentRange('bytes 0-4/10'), {
    range: { start: 0, end: 5 },
    completeLength: 10,
  });
  t.strictSame(parseContentRange('bytes 3-3/*'), {
    range: { start: 3, end: 4 },
    completeLength: null,
  });
  t.strictSame(parseContentRange('BYTES */47'), { range: null, completeLength: 47 });
  t.strictSame(parseContentRange('bytes */0'), { range: null, completeLength: 0 });
  t.end();
});

void t.test('parseContentRange refuses any other value', (t) => {
  const refused = [
    '',
    'bytes',
    'bytes */*',
    'bytes 5-4/10', // backwards
    'bytes 0-10/10', // beyond the end
    'bytes 0-0/0',
    'bytes -1-4/10',
    'bytes +0-4/10',
    'bytes 0-4/1e3',
    'bytes 0-4/0x10',
    'bytes 0-4/10 ',
    ' bytes 0-4/10',
    'bytes  0-4/10',
    'bytes 0 - 4/10',
    'bytes=0-4/10',
    'bytes 0-4',
    'bytes 0-4/10, bytes 5-9/10', // two field lines, joined
    'items 0-4/10',
    'bytes ０-4/10', // full-width digit
    'bytes 0-9007199254740991/*', // its end is 2^53
    'bytes 0-4/9007199254740992',
    'bytes 18446744073709551615-18446744073709551616/*',
    'bytes 0-4/10\r\nX: y',
  ];
  for (const text of refused) t.equal(parseContentRange(text), undefined, JSON.stringify(text));
  t.end();
});

void t.test('positions up to 2^53 - 1 survive', (t) => {
  const position = fc.maxSafeNat();
  fc.assert(
    fc.property(position, position, position, (a, b, c) => {
      const [start = 0, last = 0, complete = 0] = [a, b, c].sort((x, y) => x - y);
      fc.pre(last < complete);
      const text = `bytes ${String(start)}-${String(last)}/${String(complete)}`;
      t.strictSame(parseContentRange(text), {
        range: { start, end: last + 1 },
        completeLength: complete,
      });
    }),
    { numRuns: 50 },
  );
  t.end();
});

void t.test('property: parseContentRange never throws', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((s) => `bytes ${s}`),
      ),
      (text) => {
        parseContentRange(text);
      },
    ),
  );
  t.end();
});
