import fc from 'fast-check';
import t from 'tap';
import {
  canonicalUri,
  encodeTarget,
  fieldUri,
  requestTargetOf,
  splitTarget,
} from '#src/model/uri.js';

t.test('equivalent spellings have one canonical form, others have their own', async (t) => {
  const base = 'https://origin.example:8443/x';
  for (const [spelling, canonical] of [
    ['/a', '/a'],
    ['/%61%2D%2e%5f%7E%30', '/a-._~0'],
    ['/%2b%2F%c3%a9', '/%2B%2F%C3%A9'],
    ['/caf\xe9 {}|"<>^`\\', '/caf%E9%20%7B%7D%7C%22%3C%3E%5E%60%5C'],
    ['/?q=%7e&r=%2b', '/?q=~&r=%2B'],
    ['/%', '/%'],
    ['/%zz%4', '/%zz%4'],
    ['/%2561', '/%2561'],
  ] as const) {
    t.equal(canonicalUri(base + spelling), base + canonical, spelling);
  }
  for (const [one, other] of [
    ['/a+b', '/a%2Bb'],
    ['/a//b', '/a/b'],
    ['/a%2Fb', '/a/b'],
    ['/a/', '/a'],
    ['/A', '/a'],
    ['/a%252Fb', '/a%2Fb'],
    ['/a%20b', '/a+b'],
  ] as const) {
    t.not(canonicalUri(one), canonicalUri(other), `${one} ${other}`);
  }
});

t.test('property: canonicalising twice changes nothing', async () => {
  const piece = fc.constantFrom('%', '61', '2B', '2b', 'a', '/', '\xe9', ' ', '{', '?');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const once = canonicalUri(pieces.join(''));
      // What one decoding makes out of a `%` before it is not decoded again.
      return /%(?![0-9A-F]{2})/i.test(pieces.join('')) || canonicalUri(once) === once;
    }),
  );
});

t.test('encodeTarget escapes invalid characters and nothing else', async (t) => {
  t.equal(encodeTarget('/a%2fb//%zz+;,?{}|'), '/a%2fb//%zz+;,?{}|');
  t.equal(encodeTarget('/\xe6\xa8\xa1{?\xe9"'), '/%E6%A8%A1%7B?%E9%22');
});

t.test('a URI taken from a field keeps its bytes', async (t) => {
  const utf8 = Buffer.from('/模 a').toString('latin1');
  t.equal(new URL(fieldUri(utf8), 'http://h').pathname, '/%E6%A8%A1%20a');
  t.equal(fieldUri('\\a"'), '\\a"');
});

t.test('the target of a URI is cut out unchanged', async (t) => {
  for (const [uri, target] of [
    ['http://h', '/'],
    ['http://h?x', '/?x'],
    ['http://h/a//b?c#d', '/a//b?c'],
    ['http://h:80//host/a', '//host/a'],
    ["http://h/?a='", "/?a='"],
  ] as const) {
    t.equal(requestTargetOf(uri), target, uri);
  }
  t.same(splitTarget('/a?b?c'), ['/a', '?b?c']);
  t.same(splitTarget('/a'), ['/a', '']);
});
