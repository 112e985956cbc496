import t from 'tap';
import { Access } from '#src/http/access/access.js';
import { admit } from '#src/http/access/admit.js';
import { headersFromRaw } from '#src/model/headers.js';

const mounts = [
  { name: 'lent', mount: '/lent', isLent: true },
  { name: 'open', mount: '/', cors: ['*'] },
];
const deps = { mounts, access: new Access({ listen: {}, origins: mounts }, null) };

function judge(method: string, url: string, rawHeaders: readonly string[]) {
  const request = { method, url, httpVersion: '1.1', rawHeaders };
  return admit(request, headersFromRaw(rawHeaders), deps);
}

t.test('a malformed request is refused before its Host and Origin are checked', async (t) => {
  const hosts = ['Host', 'evil.example', 'Host', 'localhost'];
  t.match(judge('GET', '/lent/a', hosts).request, { kind: 'refused', reason: 'duplicate-host' });
  const gone = judge('GET', '/x', ['Host', 'evil.example', 'Content-Length', '3']).request;
  t.match(gone, { kind: 'refused', reason: 'body-not-allowed' });
});

t.test('a well-formed request is checked by the rules of its mount', async (t) => {
  const refused = { kind: 'refused', reason: 'host-not-allowed' };
  t.match(judge('GET', '/lent/a', ['Host', 'evil.example']).request, refused);
  t.match(judge('POST', '/lent/a', ['Host', 'evil.example']).request, refused);
  const { request, fields } = judge('GET', '/a', ['Host', 'evil.example', 'Origin', 'http://b']);
  t.match(request, { kind: 'accepted', origin: 'open', target: '/a' });
  t.match(fields, { 'access-control-allow-origin': '*' });
});

t.test('a preflight is answered where other OPTIONS are refused', async (t) => {
  const asking = ['Host', 'h', 'Origin', 'http://b', 'Access-Control-Request-Method', 'GET'];
  t.equal(judge('OPTIONS', '/a', asking).request.kind, 'preflight');
  const bare = judge('OPTIONS', '/a', ['Host', 'h']).request;
  t.match(bare, { kind: 'refused', reason: 'method-not-allowed' });
});
