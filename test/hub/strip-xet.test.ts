/** Nothing in JSON leads to Xet any more, and all else stays as it stands. */
import fc from 'fast-check';
import t from 'tap';
import { MAX_CUTS, withoutCuts, XetScan } from '#src/hub/strip-xet.js';
import { jsonText, withoutXet } from '../fixtures/xet-json.js';

/** What is left, read in pieces that end anywhere. */
function strip(json: string, pieceBytes = Infinity) {
  const bytes = Buffer.from(json);
  const scan = new XetScan();
  for (let at = 0; at < bytes.length; at += Math.min(pieceBytes, bytes.length)) {
    scan.feed(bytes.subarray(at, at + pieceBytes));
  }
  const { cuts, isXetKept } = scan.end();
  return { text: Buffer.from(withoutCuts(bytes, cuts)).toString(), isXetKept };
}

t.test('Xet keys are removed at any depth, and nothing else', (t) => {
  const hash = 'f'.repeat(64);
  const cases: readonly [json: string, left: string][] = [
    ['{"xetEnabled":true}', '{}'],
    ['{"xetEnabled":true,"xetHash":"f"}', '{}'],
    ['{ "xetEnabled" : true , "a" : 1.0 }', '{ "a" : 1.0 }'],
    ['{"a":1,"xetHash":"f"}', '{"a":1}'],
    ['{"xetHash":"f","a":1,"xetEnabled":{"x":[1,{"b":2}]},"c":3}', '{"a":1,"c":3}'],
    [
      `[{"lfs":{"oid":"x","xetHash":{"a":1}},"xetHash":"${hash}"},"xetHash"]`,
      '[{"lfs":{"oid":"x"}},"xetHash"]',
    ],
    ['{"xet\\u0048ash":"f","a":"\\"xetHash\\":1,"}', '{"a":"\\"xetHash\\":1,"}'],
    ['{"xetHash":{"xetHash":{"xetHash":1}},"a":2}', '{"a":2}'],
    ['{"xetHash":1,"xetHash":2}', '{}'],
    ['{"__proto__":{"polluted":1,"xetHash":"a"}}', '{"__proto__":{"polluted":1}}'],
    ['{"xethash":1,"xetHashes":2}', '{"xethash":1,"xetHashes":2}'],
    [' [] ', ' [] '],
    ['12', '12'],
  ];
  for (const [json, left] of cases) {
    for (const pieceBytes of [1, 3, Infinity]) t.equal(strip(json, pieceBytes).text, left, json);
  }
  t.end();
});

t.test('the Xet key of a file that clients cannot read by HTTP is kept', (t) => {
  const first = (size: unknown) => strip(JSON.stringify([{ xetEnabled: 1, size, xetHash: 'f' }]));
  const last = (size: unknown) => strip(JSON.stringify([{ xetEnabled: 1, xetHash: 'f', size }]));
  t.same(first(50e9), { text: '[{"size":50000000000}]', isXetKept: false });
  t.same(last(50e9), { text: '[{"size":50000000000}]', isXetKept: false });
  t.same(first(50e9 + 1), { text: '[{"size":50000000001,"xetHash":"f"}]', isXetKept: true });
  t.same(last(50e9 + 1), { text: '[{"xetHash":"f","size":50000000001}]', isXetKept: true });
  t.notOk(first('60000000000').isXetKept);
  t.notOk(strip('{"lfs":{"size":60000000000},"xetHash":"f"}').isXetKept, 'of another object');
  t.notOk(strip('{"size":60000000000,"size":1,"xetHash":"f"}').isXetKept, 'the last word');
  t.end();
});

t.test('property: cuts in pieces equal those of the whole text', (t) => {
  fc.assert(
    fc.property(jsonText, fc.integer({ min: 1, max: 40 }), (json, pieceBytes) => {
      const expected = withoutXet(json);
      const found = strip(json, pieceBytes);
      // What a later key of the same name hides may count as kept: it lets clients ask, no more.
      if (expected.isXetKept && !found.isXetKept) return false;
      return JSON.stringify(JSON.parse(found.text)) === JSON.stringify(expected.value);
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('property: a text without Xet keys is unchanged', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat({ max: 2 }), (value, indent) => {
      const json = JSON.stringify(value, null, indent);
      return strip(json).text === json;
    }),
  );
  t.end();
});

t.test('a text with too many cuts is refused', (t) => {
  const one = '{"xetHash":1},';
  const scan = new XetScan();
  t.throws(() => {
    scan.feed(Buffer.from(`[${one.repeat(MAX_CUTS + 1)}`));
  }, SyntaxError);
  t.end();
});
