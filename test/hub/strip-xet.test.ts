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
  t.same(JSON.parse(stripXet(json)), {
    siblings: [{ rfilename: 'a', lfs: { oid: 'x' } }],
    note: 'xetHash is a word here',
  });
  t.end();
});

t.test('a key named __proto__ is a key', (t) => {
  const json = '{"__proto__":{"polluted":1,"xetHash":"a"},"constructor":{"x":1}}';
  t.equal(stripXet(json), '{"__proto__":{"polluted":1},"constructor":{"x":1}}');
  t.notOk('polluted' in {});
  t.end();
});

t.test('what holds no such key is the same', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      return stripXet(json) === JSON.stringify(JSON.parse(json));
    }),
  );
  t.end();
});

t.test('what is no JSON is refused', (t) => {
  t.throws(() => stripXet('{'), SyntaxError);
  t.end();
});
