import t from 'tap';
import { isExempt } from '#src/origin/no-proxy.js';

const cases: readonly (readonly [list: string, url: string, exempt: boolean])[] = [
  ['', 'http://example.com', false],
  ['*', 'http://example.com', true],
  ['a.test,*', 'http://example.com', true],
  ['example.com', 'http://example.com', true],
  ['example.com', 'https://EXAMPLE.com', true],
  ['EXAMPLE.com', 'http://example.com', true],
  ['example.com', 'http://a.b.example.com', true],
  ['example.com', 'http://badexample.com', false],
  ['example.com', 'http://example.com.evil.test', false],
  ['.example.com', 'http://a.example.com', true],
  ['.example.com', 'http://example.com', true],
  ['*.example.com', 'http://a.example.com', true],
  ['*.example.com', 'http://example.com', false],
  ['example.com.', 'http://example.com', true],
  ['example.com', 'http://example.com.', true],
  ['a.test example.com', 'http://example.com', true],
  [' a.test , example.com ', 'http://example.com', true],
  ['example.com:8080', 'http://example.com:8080', true],
  ['example.com:8080', 'http://example.com', false],
  ['example.com:443', 'https://example.com', true],
  ['example.com:80', 'https://example.com', false],
  ['bücher.test', 'http://b%C3%BCcher.test', true],
  ['10.0.0.0/8', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'http://11.1.2.3', false],
  ['10.0.0.0/8', 'http://name.test', false],
  ['10.0.0.0/33', 'http://10.1.2.3', false],
  ['10.0.0.0/8', 'http://[::ffff:10.1.2.3]', true],
  ['fd00::/8', 'http://[fd12::1]', true],
  ['fd00::/8', 'http://[fe80::1]', false],
  ['10.1.2.3', 'http://10.1.2.3', true],
  ['10.1.2.3', 'http://110.1.2.3', false],
  ['1.2.3', 'http://10.1.2.3', false],
  ['10.1.2.3:80', 'http://10.1.2.3', true],
  ['10.1.2.3:81', 'http://10.1.2.3', false],
  ['::1', 'http://[fd00::1]', false],
  ['fd00::1', 'http://[fd00::1]', true],
  ['[fd00::1]', 'http://[fd00::1]', true],
  ['[fd00::1]:8080', 'http://[fd00::1]:8080', true],
  ['[fd00::1]:8080', 'http://[fd00::1]', false],
  [',,', 'http://example.com', false],
  ['/8,10.0.0.0/x,:80,[', 'http://10.0.0.1', false],
];

t.test('NO_PROXY entries match as in curl and Go', async (t) => {
  for (const [list, url, exempt] of cases) {
    t.equal(isExempt(new URL(url), list), exempt, `${list} | ${url}`);
  }
});

t.test('loopback hosts never use a proxy', async (t) => {
  for (const host of ['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    t.ok(isExempt(new URL(`http://${host}:8080`), ''), host);
  }
});
