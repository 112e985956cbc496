/** Files of a hub where the configuration asks for more, and where things go wrong on the way. */
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { blobId } from '../fixtures/hub-double.js';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { send } from '../fixtures/passing.js';
import { get, headOf } from '../fixtures/program-client.js';
import { type RunningOptions, startForebay } from '../fixtures/running.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const WEIGHTS = Buffer.alloc(3 * 1024 * 1024 + 5, 'weights');
const SMALL = Buffer.from('{"a":1}\n');
const SHA256 = hash('sha256', WEIGHTS);
const FILE = '/acme/m/resolve/main/model.safetensors';
const CONFIG = '/acme/m/resolve/main/config.json';
const repositories = [
  { id: 'acme/m', files: { 'model.safetensors': WEIGHTS, 'config.json': SMALL } },
];

/** A pin of what a path pattern fits. */
function pin(pattern: string, digest: string) {
  return { digests: [{ pattern, digest }] };
}

t.test('a pinned file is served only with the pinned digest', async (t) => {
  const right = await startHubScene(t, {
    repositories,
    originKeys: pin('/**/model.safetensors', `sha256:${SHA256}`),
  });
  t.ok((await get(right.url + FILE)).body.equals(WEIGHTS));
});

t.test('a hub file with another digest than the pinned one is refused', async (t) => {
  const other = pin('/**/model.safetensors', `sha256:${'0'.repeat(64)}`);
  const { hub, url } = await startHubScene(t, { repositories, originKeys: other });
  const refused = await get(url + FILE);
  t.equal(refused.status, 502);
  t.match(refused.body.toString(), 'origin-corrupt');
  t.equal(hub.contentBytes, 0, 'its name alone tells');
  t.equal((await get(url + CONFIG)).status, 200);
});

t.test("a pin of another algorithm than the hub's is checked against the bytes", async (t) => {
  const right = pin('/**/config.json', `sha256:${hash('sha256', SMALL)}`);
  const sound = await startHubScene(t, { repositories, originKeys: right });
  t.ok((await get(sound.url + CONFIG)).body.equals(SMALL));
});

t.test('bytes with another digest than the pinned one are refused', async (t) => {
  const wrong = pin('/**/config.json', `sha256:${'0'.repeat(64)}`);
  const { url } = await startHubScene(t, { repositories, originKeys: wrong });
  const refused = await get(url + CONFIG);
  t.equal(refused.status, 502);
  t.match(refused.body.toString(), 'origin-corrupt');
});

t.test('a strict hub origin serves files and API', async (t) => {
  const { url } = await startHubScene(t, { repositories, originKeys: { integrity: 'strict' } });
  t.equal((await get(`${url}/api/models/acme/m/revision/main`)).status, 200);
  t.ok((await get(url + FILE)).body.equals(WEIGHTS));
  t.ok((await get(url + CONFIG)).body.equals(SMALL));
});

t.test('an overload before the first byte gets 429 with Retry-After', async (t) => {
  const { hub, url } = await startHubScene(t, { repositories });
  // Found out about, not fetched.
  t.equal((await headOf(url + FILE)).status, 200);
  hub.fail('cdn', 503, 100);
  const busy = await get(url + FILE);
  t.match(busy, { status: 429, headers: { 'retry-after': '1' } });
  t.match(busy.headers['x-error-message'], 'try again');
});

t.test('a mirror configured with itself as hub answers 508', async (t) => {
  const { hub, program, url } = await startHubScene(t, { repositories });
  t.equal((await get(url + CONFIG)).status, 200);
  const via = String(hub.requests[0]?.headers.via);
  t.match(via, 'forebay-', 'names this process, as the hub sees it');
  for (const path of [CONFIG, '/api/models/acme/m', '/api/models/acme/m/refs', '/api/whoami-v2']) {
    t.equal((await get(url + path, { headers: { via } })).status, 508, path);
  }
  t.match(program.stdout() + program.stderr(), 'origin-loop');
});

t.test('a mirror whose hub URL is its own listen address answers 508', async (t) => {
  const address = `127.0.0.1:${String(await freePort())}`;
  const hub = { name: 'hub', adapter: 'huggingface', url: `http://${address}` };
  const forebay = await startForebay(t, { origins: [hub], listen: { address } });
  for (const path of [CONFIG, '/api/models/acme/m', '/api/whoami-v2']) {
    t.equal((await forebay.get(path)).status, 508, path);
  }
  const listing = await send(forebay, 'POST', '/api/models/acme/m/paths-info/main', { body: '{}' });
  t.equal(listing.status, 508);
});

/** A port that nothing listens on, a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A hub that answers as the test says, and Forebay in front of it. */
async function startSaying(t: Test, more: Partial<RunningOptions> = {}) {
  const origin = await startEchoOrigin(t);
  const forebay = await startForebay(t, {
    origins: [{ name: 'hub', adapter: 'huggingface', url: origin.url }],
    ...more,
  });
  return { origin, forebay };
}

const COMMIT = 'c'.repeat(40);

t.test('a file of a repository manager without commits is served', async (t) => {
  const { origin, forebay } = await startSaying(t);
  let fields: Readonly<Record<string, string>> = { etag: `"${blobId(SMALL)}"` };
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(200, { 'content-length': SMALL.length, ...fields });
    response.end(request.method === 'HEAD' ? undefined : SMALL);
  };
  const named = await forebay.get(`/acme/m/resolve/${COMMIT}/config.json`);
  t.equal(named.status, 200, 'the commit of the URL is used');
  t.equal(named.headers['x-repo-commit'], COMMIT);
  t.ok(named.body.equals(SMALL));
  const branch = await forebay.get(CONFIG);
  t.equal(branch.status, 502);
  t.match(branch.headers['x-error-message'], /"main" is \(no X-Repo-Commit\).*40 digits/);
  fields = { etag: 'v1', 'x-repo-commit': COMMIT };
  const other = await forebay.get(CONFIG, { method: 'HEAD' });
  t.equal(other.status, 502);
  t.match(other.headers['x-error-message'], 'X-Linked-ETag');
});

/** Longer than undici takes to notice that a millisecond has passed. */
const SLOW_MS = 1600;

/** The bound of a client's request passes at once; others as they do. */
class HastyClock extends ShiftedClock {
  override after(ms: number, callback: () => void): () => void {
    return super.after(ms === REQUEST_MS ? 20 : ms, callback);
  }
}

const REQUEST_MS = 20_000;

t.test('a hub that fetches a file before it answers is awaited', async (t) => {
  const { origin, forebay } = await startSaying(t, { fill: { firstByteTimeout: '1ms' } });
  origin.answer = async (request, response) => {
    await origin.read(request);
    if (request.method === 'HEAD') await setTimeout(SLOW_MS);
    const said = { etag: `"${blobId(SMALL)}"`, 'x-repo-commit': COMMIT };
    response.writeHead(200, { 'content-length': SMALL.length, ...said });
    response.end(request.method === 'HEAD' ? undefined : SMALL);
  };
  t.equal(
    (await forebay.get(CONFIG, { method: 'HEAD' })).status,
    200,
    'longer than bytes may take',
  );
  t.equal(origin.received.length, 1);
});

t.test('a hub that does not answer in time: the error names the setting', async (t) => {
  const { origin, forebay } = await startSaying(t, { clock: new HastyClock() });
  origin.answer = async (request) => {
    await origin.read(request);
  };
  for (const path of [CONFIG, '/api/models/acme/m/revision/main']) {
    const { status, headers } = await forebay.get(path);
    t.equal(status, 504, path);
    t.match(headers['x-error-message'], /fill\.firstByteTimeout and fill\.requestTimeout/, path);
  }
});
