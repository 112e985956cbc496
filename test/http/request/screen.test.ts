import t from 'tap';
import { screen } from '#src/http/request/screen.js';
import { headersFromRaw } from '#src/model/headers.js';

const MOUNTS = [{ name: 'root', mount: '/' }];

function screened(method: string, url: string, ...fields: string[]): unknown {
  return judged('1.1', method, url, ['Host', 'h', ...fields]);
}

function judged(httpVersion: string, method: string, url: string, rawHeaders: string[]): unknown {
  const request = { method, url, httpVersion, rawHeaders };
  const result = screen(request, headersFromRaw(rawHeaders), MOUNTS);
  return result.kind === 'refused' ? result.reason : result;
}

t.test('screen accepts GET and HEAD', (t) => {
  for (const method of ['GET', 'HEAD']) {
    t.same(screened(method, '/a?b'), { kind: 'accepted', method, origin: 'root', target: '/a?b' });
  }
  t.match(screened('GET', 'http://other:80/a?b'), { kind: 'accepted', target: '/a?b' });
  t.match(screened('GET', 'http://other?b'), { kind: 'accepted', target: '/?b' });
  t.match(screened('GET', '/a', 'Content-Length', '0'), { kind: 'accepted' });
  t.match(screened('GET', '/a', 'Via', '1.1 other, 1.0 forebay.example'), { kind: 'accepted' });
  t.end();
});

t.test('screen refuses ambiguous requests', (t) => {
  t.equal(screened('GET', '/a', 'Content-Length', '5'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'Content-Length', '0', 'Content-Length', '0'), 'body-not-allowed');
  t.equal(screened('HEAD', '/a', 'Transfer-Encoding', 'chunked'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'Transfer-Encoding', 'identity'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'hOST', 'h'), 'duplicate-host');
  t.equal(screened('GET', 'http://u@h/a'), 'malformed-target');
  t.equal(screened('GET', 'http:///a'), 'malformed-target');
  t.equal(judged('1.1', 'GET', 'http://h/a', ['Host', 'a b']), 'malformed-host');
  t.equal(screened('GET', '*'), 'malformed-target');
  t.end();
});

t.test("screen refuses other methods and Forebay's own requests", (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', '']) {
    t.equal(screened(method, '/a'), 'method-not-allowed', method);
  }
  t.equal(screened('POST', '/a', 'Content-Length', '5'), 'method-not-allowed');
  t.end();
});

t.test('screen refuses unsupported HTTP versions', (t) => {
  t.match(judged('1.0', 'GET', '/a', []), { kind: 'accepted' });
  t.equal(judged('1.1', 'GET', '/a', []), 'missing-host');
  for (const version of ['0.9', '2.0', '1.2', '11', '']) {
    t.equal(judged(version, 'GET', '/a', ['Host', 'h']), 'unsupported-version', version);
  }
  t.end();
});

t.test('screen refuses a malformed Host', (t) => {
  const hosts = [
    '',
    'h',
    'h:80',
    'h:',
    '127.0.0.1:7080',
    '[::1]:7080',
    '[::1]',
    'a_b.c-d%20',
    'xn--a',
  ];
  for (const host of hosts) {
    t.match(judged('1.1', 'GET', '/a', ['Host', host]), { kind: 'accepted' }, host);
  }
  for (const host of [
    'a, b',
    'a b',
    'u@h',
    'h/a',
    'h:8x',
    'h:80:81',
    '[::1',
    '::1',
    'h?a',
    'h#a',
  ]) {
    t.equal(judged('1.1', 'GET', '/a', ['Host', host]), 'malformed-host', host);
  }
  t.end();
});

t.test('screen accepts no expectation but 100-continue', (t) => {
  t.match(screened('GET', '/a', 'Expect', '100-Continue'), { kind: 'accepted' });
  for (const value of ['100-continue, x', 'x', '']) {
    t.equal(screened('GET', '/a', 'Expect', value), 'unknown-expectation', value);
  }
  t.end();
});

const PASSING = [...MOUNTS, { name: 'open', mount: '/open', passMethods: true }];

function other(method: string, url: string, ...fields: string[]): unknown {
  const rawHeaders = ['Host', 'h', ...fields];
  const request = { method, url, httpVersion: '1.1', rawHeaders };
  const result = screen(request, headersFromRaw(rawHeaders), PASSING);
  return result.kind === 'refused' ? result.reason : result;
}

t.test('screen accepts other methods where the mount forwards them', (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'MKCOL']) {
    t.same(other(method, '/open/a?b'), {
      kind: 'passed',
      method,
      origin: 'open',
      target: '/a?b',
      framing: { kind: 'none' },
    });
    t.equal(other(method, '/a'), 'method-not-allowed', 'another mount');
    t.equal(other(method, '/open/../a'), 'ambiguous-path');
    t.equal(other(method, '//open/a'), 'method-not-allowed', 'below no such mount');
  }
  for (const method of ['TRACE', 'CONNECT', ''])
    t.equal(other(method, '/open/a'), 'method-not-allowed');
  t.match(other('POST', '/open/a', 'Content-Length', '5'), {
    framing: { kind: 'length', bytes: 5 },
  });
  t.match(other('GET', '/open/a'), { kind: 'accepted' });
  t.equal(other('GET', '/open/a', 'Content-Length', '5'), 'body-not-allowed');
  t.end();
});

t.test('screen refuses forwarded content of ambiguous length', (t) => {
  const chunked = ['Transfer-Encoding', 'chunked'];
  t.equal(other('POST', '/open/a', 'Content-Length', '5', ...chunked), 'ambiguous-framing');
  t.equal(other('POST', '/open/a', 'Transfer-Encoding', 'gzip, chunked'), 'ambiguous-framing');
  t.equal(other('POST', '/open/a', 'Content-Length', '9'.repeat(20)), 'body-too-large');
  t.match(other('POST', '/open/a', ...chunked), { framing: { kind: 'chunked' } });
  t.end();
});

t.test('screen recognises an OPTIONS about Forebay', (t) => {
  t.same(other('OPTIONS', '*'), { kind: 'own-options' });
  t.same(other('OPTIONS', '/open/a', 'Max-Forwards', '0'), { kind: 'own-options' });
  t.match(other('OPTIONS', '/open/a', 'Max-Forwards', '1'), { kind: 'passed' });
  t.equal(other('OPTIONS', '/a', 'Max-Forwards', '0'), 'method-not-allowed', 'another mount');
  t.equal(other('POST', '*'), 'malformed-target');
  t.equal(screened('OPTIONS', '*'), 'method-not-allowed', 'where nothing is passed on');
  t.end();
});
