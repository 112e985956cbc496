/** Header fields that reach further than they should, in requests and in an origin's responses. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { HIT, startAttacked } from '../fixtures/attack.js';
import { cacheFiles } from '../fixtures/program-disk.js';
import { FRESH } from '../fixtures/running-origin.js';

const BODY = Buffer.from('body');

/** All response records as they lie on the disk. */
function recordsOf(directory: string): string {
  const files = cacheFiles(directory, 'responses');
  if (files.length === 0) throw new Error('there are no records');
  return files.map((file) => readFileSync(file, 'latin1')).join('\n');
}

t.test("a client's Connection field cannot strip Forebay's own or protective fields", async (t) => {
  const { origin, ask } = await startAttacked(t, { '/a': { bytes: BODY, cacheControl: FRESH } });
  const { status } = await ask(
    '/a',
    'Connection: range, authorization, cookie, host, via, accept-encoding, x-mine\r\n' +
      'Range: bytes=1-2\r\nAuthorization: Bearer token\r\nCookie: a=b\r\nX-Mine: 1\r\nX-Other: 2\r\n' +
      'TE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Authorization: Basic x\r\nProxy-Connection: close\r\n' +
      'Trailer: x\r\n',
  );
  t.equal(status, 206);
  const headers = origin.requests.at(-1)?.headers ?? {};
  t.match(headers, {
    host: new URL(origin.url).host,
    authorization: 'Bearer token',
    cookie: 'a=b',
    'accept-encoding': 'identity',
    'x-other': '2',
  });
  t.match(headers['range'], /^bytes=0-/, 'our own range, not none');
  t.match(headers['via'], /^1\.1 forebay-/);
  for (const name of [
    'x-mine',
    'te',
    'keep-alive',
    'proxy-authorization',
    'proxy-connection',
    'trailer',
  ]) {
    t.equal(headers[name], undefined, name);
  }
});

t.test("fields that an origin's Connection names are neither forwarded nor stored", async (t) => {
  const objects = { '/a': { bytes: BODY, cacheControl: FRESH } };
  const { origin, forebay, ask } = await startAttacked(t, objects);
  origin.script({
    path: '/a',
    actions: [
      {
        kind: 'fields',
        fields: { Connection: 'x-secret', 'X-Secret': '1', Upgrade: 'h2c', Trailer: 'x' },
      },
    ],
  });
  for (const round of ['miss', 'hit']) {
    const { status, head, body } = await ask('/a');
    t.same([status, body], [200, BODY], round);
    t.notMatch(head, /^(?:x-secret|upgrade|trailer):/im, round);
  }
  t.equal(origin.requests.length, 2);
  t.notMatch(recordsOf(forebay.directory), /x-secret/i);
});

t.test('an origin cannot inject a line', async (t) => {
  const { origin, forebay, ask } = await startAttacked(t);
  const hostile = [
    'ETag: "a\rSet-Cookie: evil=1"',
    'ETag: "a\0Set-Cookie: evil=1"',
    'X-Field: a\rSet-Cookie: evil=1',
    'X-Field: a\0b\x01evil=1',
    'X-Fie\rld: evil=1',
    'Content-Type: text/evil=1\x7f',
  ];
  for (const [index, text] of hostile.entries()) {
    const path = `/${String(index)}`;
    origin.objects.set(path, { bytes: BODY, cacheControl: FRESH, etag: null });
    origin.script({ path, actions: [{ kind: 'raw-field', text: `${text}\r\n` }] });
    for (const round of ['first', 'second']) {
      const { head } = await ask(path);
      t.notMatch(head, /evil/, `${JSON.stringify(text)} ${round}`);
      t.ok(/^[\r\n\x20-\x7e]*$/.test(head), 'no control character');
    }
  }
  t.notMatch(recordsOf(forebay.directory), /evil/, 'what is stored is clean already');
  const { body } = await forebay.get('/hit');
  t.ok(body.equals(HIT), 'and nothing else is harmed');
});

t.test("the reason phrase is Forebay's own, whatever the origin sends", async (t) => {
  const { origin, ask } = await startAttacked(t);
  for (const [status, phrase] of [
    [404, 'Not Found'],
    [599, ''],
  ] as const) {
    const path = `/${String(status)}`;
    const answer = `HTTP/1.1 ${String(status)} <script>evil</script>\r\nContent-Length: 0\r\n\r\n`;
    origin.script({ path, actions: [{ kind: 'garbage', bytes: answer }] });
    const { head } = await ask(path);
    t.equal(head.split('\r\n')[0], `HTTP/1.1 ${String(status)} ${phrase}`);
    t.notMatch(head, /evil/);
  }
  origin.script({
    path: '/control',
    actions: [{ kind: 'garbage', bytes: 'HTTP/1.1 200 OK\rX: evil\r\nContent-Length: 0\r\n\r\n' }],
  });
  const { head } = await ask('/control');
  t.notMatch(head, /evil/);
});

t.test('__proto__ and similar field names are handled like any other name', async (t) => {
  const { origin, ask } = await startAttacked(t, { '/a': { bytes: BODY, cacheControl: FRESH } });
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
  origin.script({
    path: '/a',
    actions: [{ kind: 'raw-field', text: names.map((name) => `${name}: of-origin\r\n`).join('') }],
  });
  for (const round of ['miss', 'hit']) {
    const { status, head } = await ask(
      '/a',
      names.map((name) => `${name}: of-client\r\n`).join(''),
    );
    t.equal(status, 200);
    for (const name of names)
      t.match(head, new RegExp(`^${name}: of-origin\\r$`, 'im'), `${round}: ${name}`);
  }
  const headers = origin.requests.at(-1)?.headers ?? {};
  for (const name of ['__proto__', 'constructor', 'tostring', 'prototype'])
    t.equal(headers[name], 'of-client');
  t.equal(({} as Record<string, unknown>)['of-client'], undefined);
});
