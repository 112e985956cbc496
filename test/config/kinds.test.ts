import fc from 'fast-check';
import t from 'tap';
import {
  digest,
  formatAddress,
  hostPattern,
  listenAddress,
  mountPath,
  originName,
  originUrl,
  path,
  pathPattern,
} from '#src/config/kinds.js';
import type { TextKind } from '#src/config/setting.js';

function check<T>(
  name: string,
  kind: TextKind<T>,
  good: readonly [string, T][],
  bad: string[],
): void {
  void t.test(name, (t) => {
    for (const [text, value] of good) t.same(kind.read(text), value, text);
    for (const text of bad) t.equal(kind.read(text), undefined, `refuses ${JSON.stringify(text)}`);
    t.end();
  });
}

check(
  'listen addresses',
  listenAddress,
  [
    ['127.0.0.1:7080', { host: '127.0.0.1', port: 7080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
    ['[::]:80', { host: '::', port: 80 }],
  ],
  [
    '',
    '7080',
    ':7080',
    'a:65536',
    'a:-1',
    'a:1e3',
    '::1:80',
    'a b:1',
    'a:１',
    'http://a:1',
    'a:1/',
  ],
);

check(
  'mount paths',
  mountPath,
  [
    ['/', '/'],
    ['/models', '/models'],
    ['/models/', '/models'],
    ['/a/b.c/~d', '/a/b.c/~d'],
    ['/..a', '/..a'],
  ],
  ['', 'models', '//', '/a//b', '/..', '/a/../b', '/.', '/a%2fb', '/a?b', '/a#b', '/a b', '/a\\b'],
);

check(
  'origin URLs lose their trailing slashes',
  originUrl,
  [
    ['https://huggingface.co', 'https://huggingface.co'],
    ['https://huggingface.co/', 'https://huggingface.co'],
    ['HTTP://Example.ORG:80/a/b//', 'http://example.org/a/b'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
  ],
  [
    '',
    'huggingface.co',
    'ftp://a',
    'file:///etc',
    'http://user@a',
    'http://u:p@a',
    'http://a?x=1',
    'http://a?',
    'http://a#b',
    'http://a /b',
    'javascript:1',
  ],
);

check(
  'redirect hosts',
  hostPattern,
  [
    ['cdn.example.org', 'cdn.example.org'],
    ['*.HF.co', '*.hf.co'],
  ],
  ['', '*', '*.', '*.*.a', 'a.*', 'https://a', 'a:80', 'a/b', '.a', '-a'],
);

check(
  'names',
  originName,
  [['hub-1.eu_x', 'hub-1.eu_x']],
  ['', 'A', '-a', 'a-', 'a b', 'a/b', 'a'.repeat(65)],
);
check('paths', path, [['a b', 'a b']], ['', 'a\0b']);
check(
  'path patterns',
  pathPattern,
  [
    ['/**', '/**'],
    ['/a%2Bb/100%.json', '/a%2Bb/100%.json'],
  ],
  ['', 'a', '*', '/a/../b', '/./a', '/a/%2e%2e/b'],
);

t.test('the digest kind reads known algorithms of the right length, in any case', async (t) => {
  const hex = 'ab'.repeat(32);
  t.same(digest.read(`SHA256:${hex.toUpperCase()}`), { algorithm: 'sha256', hex });
  t.same(digest.read(`blake3:${hex}`), { algorithm: 'blake3', hex });
  t.same(digest.read(`git-sha1:${hex.slice(24)}`), { algorithm: 'git-sha1', hex: hex.slice(24) });
  for (const text of [hex, `md5:${hex}`, `sha256:${hex}0`, 'sha256:', `sha256:${'g'.repeat(64)}`]) {
    t.equal(digest.read(text), undefined, text);
  }
});

t.test('property: readers never throw, and their values read back equal', async () => {
  const kinds: readonly TextKind<string>[] = [mountPath, originUrl, hostPattern, originName];
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.oneof(fc.string(), fc.webUrl()), (kind, text) => {
      const value = kind.read(text);
      return value === undefined || kind.read(value) === value;
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65535 }), (host, port) => {
      const read = listenAddress.read(formatAddress({ host, port }));
      return read?.host === host && read.port === port;
    }),
  );
});
