/** Repositories that not everybody may read: bytes are shared, decisions are not. */
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';
import { get } from '../fixtures/program-client.js';

const FILES = shardedModel({ shards: 1, shardBytes: 3 * 1024 * 1024 });
const SHARD = 'model-00001-of-00001.safetensors';
const SHA256 = hash('sha256', FILES[SHARD] ?? Buffer.alloc(0));
const GATED = `/acme/gated/resolve/main/${SHARD}`;
const PRIVATE = `/acme/private/resolve/main/${SHARD}`;

const environment = prepareClient('hub');

function start(t: Test, authorizationTtl?: string) {
  return startHubScene(t, {
    repositories: [
      { id: 'acme/gated', files: FILES, access: { kind: 'gated', tokens: ['hf_a'] } },
      { id: 'acme/private', files: FILES, access: { kind: 'private', tokens: ['hf_a'] } },
    ],
    tokens: ['hf_b'],
    ...(authorizationTtl !== undefined && { authorizationTtl }),
  });
}

/** A request as one with this token makes it; nobody where it is left out. */
async function ask(url: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return get(url, { headers });
}

t.test(
  'huggingface_hub reports a gated repository by its own error',
  { skip: environment.skip },
  async (t) => {
    const { url } = await start(t);
    const download = async (home: string, id: string, token?: string) => {
      const options = { endpoint: url, home, ...(token !== undefined && { token }) };
      const { result, stderr } = await runPython(t, environment, ['download', id, SHARD], options);
      t.not(result, undefined, stderr);
      return result;
    };
    const refused = { error: 'GatedRepoError' };
    t.match(await download('nobody', 'acme/gated'), refused);
    t.match(await download('b', 'acme/gated', 'hf_b'), refused);
    t.match(await download('a', 'acme/gated', 'hf_a'), { sha256: SHA256 });
    t.match(await download('nobody', 'acme/gated'), refused, 'also when the bytes are here');
    t.match(await download('b', 'acme/gated', 'hf_b'), refused);

    t.match(await download('a', 'acme/private', 'hf_a'), { sha256: SHA256 });
    t.match(await download('b', 'acme/private', 'hf_b'), { error: 'RepositoryNotFoundError' });
  },
);

t.test('a refusal does not reveal whether the bytes are cached', async (t) => {
  const { url } = await start(t);
  const refusals = async () => {
    const seen: unknown[] = [];
    for (const path of [GATED, PRIVATE]) {
      for (const token of [undefined, 'hf_b', 'hf_forged']) {
        const { status, headers, body } = await ask(url + path, token);
        const { date, 'x-request-id': id, ...fields } = headers;
        t.ok(date);
        t.ok(id);
        seen.push({ path, token, status, fields, body: body.toString() });
      }
    }
    return seen;
  };
  const before = await refusals();
  t.match(before, [
    { status: 401, fields: { 'x-error-code': 'GatedRepo' } },
    { status: 403, fields: { 'x-error-code': 'GatedRepo' } },
    { status: 401 },
    { status: 401, fields: { 'x-error-code': 'RepoNotFound' } },
    { status: 404, fields: { 'x-error-code': 'RepoNotFound' } },
    { status: 401 },
  ]);
  for (const path of [GATED, PRIVATE]) {
    const { status, body } = await ask(url + path, 'hf_a');
    t.equal(status, 200);
    t.equal(hash('sha256', body), SHA256);
  }
  t.same(await refusals(), before);
});

t.test('bytes that one client fetched serve another permitted client', async (t) => {
  const { hub, url } = await start(t);
  t.equal((await ask(url + GATED, 'hf_a')).status, 200);
  const cost = hub.contentBytes;
  const repository = hub.repository('models', 'acme/gated', undefined);
  repository.readers.add('hf_b');
  t.equal((await ask(url + GATED, 'hf_b')).status, 200);
  t.equal(hub.contentBytes, cost, 'only the permission was requested, not the bytes');
  const tokens = hub.requests.filter(({ host }) => host === 'cdn').map(({ token }) => token);
  t.same(new Set(tokens), new Set([undefined]), 'and no credentials went to the other host');
});

t.test('a revoked token is noticed within the TTL', async (t) => {
  const { hub, url } = await start(t, '1s');
  t.equal((await ask(url + GATED, 'hf_a')).status, 200);
  hub.revoke('hf_a');
  const begin = performance.now();
  let { status } = await ask(url + GATED, 'hf_a');
  while (status === 200) {
    await setTimeout(50);
    ({ status } = await ask(url + GATED, 'hf_a'));
  }
  t.equal(status, 401);
  t.ok(performance.now() - begin < 5000, 'a second, and what a busy machine adds');
});

t.test('each client sees its own listing of a gated repository', async (t) => {
  const { url } = await start(t);
  const tree = `${url}/api/models/acme/gated/tree/main`;
  const first = await ask(tree, 'hf_b');
  const second = await ask(tree, 'hf_a');
  for (const { status, body } of [first, second]) {
    t.equal(status, 200);
    t.notMatch(body.toString(), 'xet', 'nothing leads to Xet');
  }
  t.equal((await ask(`${url}/api/models/acme/private`, 'hf_a')).status, 200);
  t.equal((await ask(`${url}/api/models/acme/private`, 'hf_b')).status, 404);
  t.equal((await ask(`${url}/api/models/acme/private`)).status, 401);
});
