/** Nothing in JSON leads to Xet any more, and all else stays. */
import fc from 'fast-check';
import t from 'tap';
import { stripXet } from '#src/hub/strip-xet.js';

t.test('at any depth', (t) => {
  const json = JSON.stringify({
    xetEnabled: true,
    siblings: [{ rfilename: 'a', xetHash: 'f'.repeat(64), lfs: { oid: 'x', xetHash: { a: 1 } } }],
    note: 'xetHash is a word here',
  });
  t.same(JSON.parse(stripXet(json).text), {
    siblings: [{ rfilename: 'a', lfs: { oid: 'x' } }],
    note: 'xetHash is a word here',
  });
  t.end();
});

t.test('but the key of a file that clients do not read by HTTP', (t) => {
  const entry = (size: unknown) => ({ xetEnabled: true, path: 'a', size, xetHash: 'f' });
  const strip = (size: unknown) => stripXet(JSON.stringify([entry(size)]));
  t.same(strip(50e9), { text: '[{"path":"a","size":50000000000}]', isXetKept: false });
  const kept = { text: '[{"path":"a","size":50000000001,"xetHash":"f"}]', isXetKept: true };
  t.same(strip(50e9 + 1), kept);
  t.notOk(strip('60000000000').isXetKept);
  t.end();
});

t.test('a key named __proto__ is a key', (t) => {
  const json = '{"__proto__":{"polluted":1,"xetHash":"a"},"constructor":{"x":1}}';
  t.equal(stripXet(json).text, '{"__proto__":{"polluted":1},"constructor":{"x":1}}');
  t.notOk('polluted' in {});
  t.end();
});

t.test('what holds no such key is the same', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      return stripXet(json).text === JSON.stringify(JSON.parse(json));
    }),
  );
  t.end();
});

t.test('what is no JSON is refused', (t) => {
  t.throws(() => stripXet('{'), SyntaxError);
  t.end();
});
