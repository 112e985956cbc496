import fc from 'fast-check';
import t from 'tap';
import {
  digitsEnd,
  isDigits,
  isFieldValue,
  isToken,
  listMembers,
  readQuoted,
  skipOws,
  tokenEnd,
  tokenMembers,
  trimOws,
} from '#src/model/field-syntax.js';

t.test('each character is in the class that RFC 9110 defines', async (t) => {
  const tokens = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (let code = 0; code < 0x200; code++) {
    const character = String.fromCharCode(code);
    t.equal(isToken(`x${character}`), tokens.includes(character), `token: ${String(code)}`);
    const isText = code === 9 || (code >= 32 && code <= 255 && code !== 127);
    t.equal(isFieldValue(`x${character}`), isText, `value: ${String(code)}`);
    t.equal(isDigits(`1${character}`), code >= 0x30 && code <= 0x39, `digit: ${String(code)}`);
  }
  t.equal(isToken(''), false);
  t.equal(isDigits(''), false);
  t.equal(isFieldValue(''), true);
  t.equal(isToken('a\n'), false);
  t.equal(isFieldValue('a\n'), false);
});

t.test('endOf functions return the end of the longest match', async (t) => {
  t.equal(tokenEnd('no-cache="x"', 0), 8);
  t.equal(tokenEnd('="x"', 0), 0);
  t.equal(tokenEnd('abc', 3), 3);
  t.equal(digitsEnd('12-34', 0), 2);
  t.equal(digitsEnd('12-34', 3), 5);
  t.equal(digitsEnd('-', 0), 0);
  t.equal(skipOws('a \t b', 1), 4);
  t.equal(skipOws('a  ', 1), 3);
});

t.test('white space of HTTP is space and tab, nothing else', async (t) => {
  t.equal(trimOws(' \t a b \t'), 'a b');
  t.equal(trimOws(' \t '), '');
  t.equal(trimOws(''), '');
  for (const other of ['\u00a0', '\v', '\f', '\n', '\ufeff']) {
    t.equal(trimOws(` ${other}a${other} `), `${other}a${other}`);
  }
});

t.test('a quoted-string ends at its unescaped quote', async (t) => {
  t.same(readQuoted('"a, b" c', 0), { value: 'a, b', end: 6 });
  t.same(readQuoted(String.raw`x="a\"b\\"`, 2), { value: String.raw`a"b\ `.trim(), end: 10 });
  t.same(readQuoted('""', 0), { value: '', end: 2 });
  t.equal(readQuoted('a', 0), undefined);
  t.equal(readQuoted('"a', 0), undefined);
  t.equal(readQuoted(String.raw`"a\"`, 0), undefined);
  t.equal(readQuoted('"a\\', 0), undefined);
});

t.test('property: reading a quoted text returns the text', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', '\\', ',', ' ', 'a') }), (text) => {
      const quoted = `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
      t.same(readQuoted(`${quoted},"`, 0), { value: text, end: quoted.length });
    }),
  );
});

t.test('a list is split at unquoted commas', async (t) => {
  t.same([...listMembers('')], ['']);
  t.same([...listMembers(' a ,\tb')], ['a', 'b']);
  t.same([...listMembers(',a,,')], ['', 'a', '', '']);
  t.same([...listMembers('a="b, c", d')], ['a="b, c"', 'd']);
  t.same([...listMembers(String.raw`a="b\", c", d`)], [String.raw`a="b\", c"`, 'd']);
  t.same([...listMembers('a="b, c')], ['a="b, c'], 'an open quote takes the rest');
  t.same(
    [...listMembers(String.raw`a\, b`)],
    ['a\\', 'b'],
    'a backslash quotes within quotes alone',
  );
});

t.test('a list without quotes is split at every comma', async (t) => {
  t.same(tokenMembers(undefined), []);
  t.same(tokenMembers(' , ,'), []);
  t.same(tokenMembers('Close , X-A,\ty'), ['close', 'x-a', 'y']);
  t.same(tokenMembers('"a, close'), ['"a', 'close']);
});
