/** Files that clients do not read by plain HTTP: they are let through to Xet, for these alone. */
import t, { type Test } from 'tap';
import { isTooLongForHttp, MAX_HTTP_BYTES, withTokenLink, XetRepositories } from '#src/hub/xet.js';
import { toHeaderMap } from '#src/model/headers.js';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { send } from '../fixtures/passing.js';
import { startForebay } from '../fixtures/running.js';

const COMMIT = 'c'.repeat(40);
const HASH = 'f'.repeat(64);
const LONG_BYTES = MAX_HTTP_BYTES + 1;
const TOKEN = `/api/models/acme/long/xet-read-token/${COMMIT}`;

/** A hub whose repository `acme/long` has a long file, and `acme/short` a short one. */
async function start(t: Test) {
  const origin = await startEchoOrigin(t);
  const redirectHosts = ['cdn.example'];
  const hub = { name: 'hub', adapter: 'huggingface', url: origin.url, redirectHosts };
  const forebay = await startForebay(t, { origins: [hub] });
  origin.answer = async (request, response) => {
    const { path, method } = await origin.read(request);
    const size = path.includes('/long') ? LONG_BYTES : MAX_HTTP_BYTES;
    if (path.includes('xet-read-token')) {
      response.writeHead(200, {
        'x-xet-access-token': 't',
        'x-xet-cas-url': 'https://cas.example',
      });
      response.end('{"accessToken":"t"}');
    } else if (method === 'HEAD') {
      response.writeHead(302, {
        location: 'https://cdn.example/signed',
        'x-repo-commit': COMMIT,
        'x-linked-etag': `"${HASH}"`,
        'x-linked-size': String(size),
        'x-xet-hash': HASH,
        link: `<${origin.url}${TOKEN}>; rel="xet-auth", <https://cas.example>; rel="xet-reconstruction-info"`,
      });
      response.end();
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify([{ path: 'w', size, xetHash: HASH }]));
    }
  };
  return { origin, forebay };
}

const headOf = (repository: string) => `/acme/${repository}/resolve/${COMMIT}/w`;

t.test('the head of a long file has its Xet hash, through this mirror', async (t) => {
  const { forebay } = await start(t);
  t.equal((await forebay.get(TOKEN)).status, 404, 'no long file was seen yet');
  const { status, headers } = await forebay.get(headOf('long'), { method: 'HEAD' });
  t.equal(status, 200);
  t.match(headers, { 'x-xet-hash': HASH, 'content-length': String(LONG_BYTES) });
  t.equal(headers['link'], `<${forebay.url}${TOKEN}>; rel="xet-auth"`);
  const token = await forebay.get(TOKEN);
  t.match(token, { status: 200, headers: { 'x-xet-access-token': 't' } });
  t.equal(token.body.toString(), '{"accessToken":"t"}');
  t.equal((await forebay.get(TOKEN.replace('read', 'write'))).status, 404);
  t.equal((await forebay.get(TOKEN.replace('long', 'short'))).status, 404);
});

t.test('a listing has the Xet hash of a long file', async (t) => {
  const { forebay } = await start(t);
  const listing = await forebay.get('/api/models/acme/long/tree/main');
  t.match(listing.body.toString(), HASH);
  t.equal((await forebay.get(TOKEN)).status, 200);
});

t.test('paths-info has the Xet hash of a long file', async (t) => {
  const { forebay } = await start(t);
  const headers = { 'content-type': 'application/json' };
  const path = '/api/models/acme/long/paths-info/main';
  const said = await send(forebay, 'POST', path, { headers, body: '{"paths":["w"]}' });
  t.match(said.body.toString(), HASH);
  t.equal((await forebay.get(TOKEN)).status, 200);
});

t.test('a file that clients can read by HTTP has no Xet hash', async (t) => {
  const { forebay } = await start(t);
  const { headers } = await forebay.get(headOf('short'), { method: 'HEAD' });
  t.equal(headers['content-length'], String(MAX_HTTP_BYTES));
  t.notOk('x-xet-hash' in headers || 'link' in headers);
  const listing = await forebay.get('/api/models/acme/short/tree/main');
  t.equal(listing.body.toString(), `[{"path":"w","size":${String(MAX_HTTP_BYTES)}}]`);
  t.equal((await forebay.get(TOKEN.replace('long', 'short'))).status, 404);
});

t.test('Xet: the length bound, the known repositories and the token link are right', (t) => {
  t.notOk(isTooLongForHttp(MAX_HTTP_BYTES));
  t.ok(isTooLongForHttp(LONG_BYTES));
  const known = new XetRepositories();
  known.add('hub', 'a/m');
  t.ok(known.has('hub', 'a/m'));
  t.notOk(known.has('other', 'a/m') || known.has('hub', 'a'));
  const of = { repository: 'datasets/a/d', commit: COMMIT, own: 'http://own' };
  t.same(
    { ...withTokenLink(toHeaderMap({ etag: '"x"' }), of) },
    {
      etag: '"x"',
      link: `<http://own/api/datasets/a/d/xet-read-token/${COMMIT}>; rel="xet-auth"`,
    },
  );
  t.end();
});
