/** Reads that the mirror knows nothing of, in front of an origin that answers as the test says. */
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { send } from '../fixtures/passing.js';
import { startForebay } from '../fixtures/running.js';

const INFO = '/api/models/acme/m/revision/main';
const UNKNOWN = '/api/collections/acme/list/of/models';

async function start(t: Test) {
  const origin = await startEchoOrigin(t);
  const hub = { name: 'hub', adapter: 'huggingface', url: origin.url };
  return { origin, forebay: await startForebay(t, { origins: [hub] }) };
}

t.test('a forwarded read changes nothing in the store', async (t) => {
  const { origin, forebay } = await start(t);
  let state = 'old';
  origin.answer = async (request, response) => {
    const { path } = await origin.read(request);
    if (path === UNKNOWN) response.setHeader('content-location', INFO);
    response.end(JSON.stringify({ state }));
  };
  const info = async () => (await forebay.get(INFO)).body.toString();
  t.equal(await info(), '{"state":"old"}');
  state = 'new';
  for (const method of ['GET', 'HEAD']) {
    t.equal((await forebay.get(UNKNOWN, { method })).status, 200);
    t.equal(await info(), '{"state":"old"}', method);
  }
});

t.test('a redirect within the hub leads to Forebay, any other unchanged', async (t) => {
  const { origin, forebay } = await start(t);
  const cases: readonly [said: string, told: string | undefined][] = [
    ['/v2/acme/m/blobs/x?a=1', '/v2/acme/m/blobs/x?a=1'],
    [`${origin.url}/v2/acme/m`, '/v2/acme/m'],
    ['https://huggingface.co/acme/new', '/acme/new'],
    ['https://storage.example/b?X-Amz-Signature=1', 'https://storage.example/b?X-Amz-Signature=1'],
    ['javascript:alert(1)', undefined],
  ];
  for (const [said, told] of cases) {
    for (const status of [302, 307]) {
      origin.answer = async (request, response) => {
        await origin.read(request);
        response.writeHead(status, { location: said, 'set-cookie': 'a=b' }).end();
      };
      const got = await forebay.get('/v2/acme/old/blobs/x');
      t.equal(got.status, status);
      t.equal(got.headers.location, told, said);
      t.notOk('set-cookie' in got.headers);
    }
  }
});

t.test('Accept is forwarded to the hub without the types that lead to Xet', async (t) => {
  const { origin, forebay } = await start(t);
  const manifest = 'application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1';
  const cases: readonly [said: string, told: string][] = [
    [manifest, manifest],
    ['application/vnd.xet-fileinfo+json, */*', '*/*'],
    ['text/html, Application/vnd.XET-fileinfo+json; q=1', 'text/html'],
    ['application/vnd.xet-fileinfo+json', '*/*'],
  ];
  for (const [said, told] of cases) {
    await forebay.get('/v2/acme/m/manifests/latest', { headers: { accept: said } });
    t.equal(origin.received.at(-1)?.headers.accept, told, said);
  }
  await forebay.get('/v2/acme/m/manifests/latest');
  t.equal(origin.received.at(-1)?.headers.accept, '*/*');
});

t.test('git fetches are forwarded to the hub, pushes are not', async (t) => {
  const { origin, forebay } = await start(t);
  const body = 'want and have';
  const path = '/acme/m.git/git-upload-pack';
  const headers = { 'git-protocol': 'version=2', 'content-encoding': 'gzip' };
  t.equal((await send(forebay, 'POST', path, { body, headers })).status, 200);
  t.match(origin.received[0], { path, headers, body: Buffer.from(body) });
  for (const [method, target] of [
    ['POST', '/acme/m.git/git-receive-pack'],
    ['GET', '/acme/m/info/refs?service=git-receive-pack'],
  ] as const) {
    const got = await send(forebay, method, target, method === 'POST' ? { body } : {});
    t.equal(got.status, 403, target);
    t.match(got.headers['x-error-message'], 'only reads');
  }
  t.equal(origin.received.length, 1);
});
