import t from 'tap';
import { readTarget } from '#src/http/request/request-target.js';

t.test('the target forms are told apart: origin, absolute, authority, asterisk', async (t) => {
  for (const target of ['/a?b', '/http://h/', '*', 'h:80', '', 'ftp://h/a', 'http:/a', '//h/a']) {
    t.same(readTarget('GET', target), { kind: 'origin', target });
  }
  for (const [url, authority, target] of [
    ['http://h/a?b', 'h', '/a?b'],
    ['HTTPS://h:8443//a', 'h:8443', '//a'],
    ['http://h', 'h', '/'],
    ['http://h?b', 'h', '/?b'],
    ['http://u@h/', 'u@h', '/'],
    ['http:///a', '', '/a'],
    ['http://h#x', 'h', '/#x'],
  ] as const) {
    t.same(readTarget('GET', url), { kind: 'absolute', authority, target }, url);
  }
  t.match(readTarget('OPTIONS', 'http://h'), { target: '*' });
  t.match(readTarget('OPTIONS', 'http://h/'), { target: '/' });
});
