/** Requests made so that what is stored for everybody is wrong, or somebody's own. */
import t from 'tap';
import { HIT, startAttacked } from '../fixtures/attack.js';
import { FRESH } from '../fixtures/running-origin.js';
import type { SeenRequest } from '../fixtures/scripted-origin.js';

const PAGE = Buffer.from('the page');
const OBJECTS = { '/a': { bytes: PAGE, cacheControl: FRESH } };

t.test('an oversize request head gets an error that is stored nowhere', async (t) => {
  const { origin, ask } = await startAttacked(t, OBJECTS);
  const field = `X-Large: ${'x'.repeat(20_000)}\r\n`;
  t.match(await ask('/a', field), { status: 431, kept: false, code: 'head-too-large' });
  t.match(await ask('/hit', field), { status: 431, kept: false }, 'on a hit too');
  t.equal(origin.requests.length, 1);
  t.match(await ask('/a'), { status: 200, body: PAGE });
});

/** Each makes some server answer something else than what was asked for. */
const OVERRIDES: readonly string[] = [
  'X-HTTP-Method-Override: DELETE',
  'X-HTTP-Method: POST',
  'X-Method-Override: PUT',
  'X-Original-URL: /admin',
  'X-Rewrite-URL: /admin',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Scheme: http',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Server: evil.example',
  'X-Original-Host: evil.example',
  'X-Host: evil.example',
  'Forwarded: host=evil.example;proto=http',
];

t.test('override fields do not reach the origin', async (t) => {
  const { origin, ask } = await startAttacked(t);
  const names = OVERRIDES.map((line) => (line.split(':')[0] ?? '').toLowerCase());
  origin.script({
    when: ({ headers }: SeenRequest) => names.some((name) => name in headers),
    actions: [{ kind: 'status', status: 404, fields: { 'Cache-Control': FRESH }, body: 'poison' }],
  });
  for (const [index, line] of OVERRIDES.entries()) {
    const path = `/${String(index)}`;
    origin.objects.set(path, { bytes: PAGE, cacheControl: FRESH });
    t.match(await ask(path, `${line}\r\n`), { status: 200, body: PAGE }, line);
    t.match(await ask(path), { status: 200, body: PAGE }, 'the next one');
  }
});

t.test('errors are stored only with explicit freshness', async (t) => {
  const { origin, ask } = await startAttacked(t);
  for (const [status, fields, stored] of [
    [400, {}, false],
    [404, {}, false],
    [500, {}, false],
    [404, { 'Cache-Control': FRESH }, true],
    [401, { 'Cache-Control': `public, ${FRESH}` }, false],
    [403, { 'Cache-Control': `public, ${FRESH}` }, false],
    [407, { 'Cache-Control': `public, ${FRESH}` }, false],
    [429, { 'Cache-Control': `public, ${FRESH}` }, false],
    [200, { 'Set-Cookie': 'id=1' }, false],
  ] as const) {
    const path = `/${String(status)}-${String(Object.keys(fields).length)}`;
    origin.script({ path, actions: [{ kind: 'status', status, fields, body: 'x' }] });
    await ask(path);
    await ask(path);
    const asked = origin.requests.filter((request) => request.path === path);
    // An origin that fails is asked again for one request already.
    t.equal(asked.length === 1, stored, `${String(status)} ${JSON.stringify(fields)}`);
  }
});

t.test('request fields that Vary does not name do not select another response', async (t) => {
  const { origin, ask } = await startAttacked(t);
  for (const fields of [
    'Accept-Encoding: gzip\r\n',
    'User-Agent: other\r\n',
    'Accept-Language: xx\r\n',
    'X-Anything: 1\r\n',
  ]) {
    const { head, body } = await ask('/hit', fields);
    t.match(head, /^cache-status: forebay;hit[;\r]/im, fields);
    t.ok(body.equals(HIT));
  }
  t.equal(origin.requests.length, 1);
});

t.test('request fields that Vary names select the stored response', async (t) => {
  const { origin, ask } = await startAttacked(t, {
    '/v': { bytes: PAGE, cacheControl: FRESH, fields: { Vary: 'X-Kind' } },
  });
  await ask('/v', 'X-Kind: a\r\n');
  await ask('/v', 'X-Kind: b\r\n');
  t.match((await ask('/v', 'X-Kind: a\r\n')).head, /^cache-status: forebay;hit[;\r]/im);
  t.equal(origin.requests.filter(({ path }) => path === '/v').length, 2);
});

t.test('a path that looks like a static file does not make a response storable', async (t) => {
  const paths = [
    '/account/x.css',
    '/account/x.js',
    '/account;x.png',
    '/account%0ax.css',
    '/a.safetensors',
  ];
  const { origin, ask } = await startAttacked(t);
  for (const path of paths) {
    for (const cacheControl of [
      'private, max-age=60',
      'no-store',
      'no-store, public, max-age=60',
    ]) {
      origin.objects.set(path, { bytes: Buffer.from('of one person'), cacheControl });
      const before = origin.requests.length;
      t.equal((await ask(path, 'Cookie: id=1\r\n')).status, 200);
      origin.objects.set(path, { bytes: Buffer.from('of another'), cacheControl });
      const { body, head } = await ask(path);
      t.equal(body.toString(), 'of another', `${path} ${cacheControl}`);
      t.notMatch(head, /^cache-status:.*(?:;hit|stored)/im);
      t.equal(origin.requests.length, before + 2);
    }
  }
});
