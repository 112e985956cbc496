import t from 'tap';
import { screen } from '#src/http/screen.js';
import { headersFromRaw } from '#src/model/headers.js';

const MOUNTS = [{ name: 'root', mount: '/' }];

function screened(method: string, url: string, ...fields: string[]): unknown {
  const rawHeaders = ['Host', 'h', ...fields];
  const result = screen({ method, url, rawHeaders }, headersFromRaw(rawHeaders), MOUNTS);
  return result.kind === 'refused' ? result.reason : result;
}

t.test('accepts GET and HEAD', (t) => {
  for (const method of ['GET', 'HEAD']) {
    t.same(screened(method, '/a?b'), { kind: 'accepted', method, origin: 'root', target: '/a?b' });
  }
  t.match(screened('GET', '/a', 'Content-Length', '0'), { kind: 'accepted' });
  t.match(screened('GET', '/a', 'Via', '1.1 other, 1.0 forebay.example'), { kind: 'accepted' });
  t.end();
});

t.test('refuses what could be read in two ways', (t) => {
  t.equal(screened('GET', '/a', 'Content-Length', '5'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'Content-Length', '0', 'Content-Length', '0'), 'body-not-allowed');
  t.equal(screened('HEAD', '/a', 'Transfer-Encoding', 'chunked'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'Transfer-Encoding', 'identity'), 'body-not-allowed');
  t.equal(screened('GET', '/a', 'hOST', 'h'), 'duplicate-host');
  t.equal(screened('GET', 'http://h/a'), 'malformed-target');
  t.equal(screened('GET', '*'), 'malformed-target');
  t.end();
});

t.test('refuses other methods, and its own requests', (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', '']) {
    t.equal(screened(method, '/a'), 'method-not-allowed', method);
  }
  t.equal(screened('POST', '/a', 'Content-Length', '5'), 'method-not-allowed');
  t.end();
});
