/**
 * Digests that the mirror of a hub tells: of LFS files, whose SHA-256 the hub claims, once
 * verified.
 */
import t from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { get, headOf, sha256 } from '../fixtures/program-client.js';

t.test('a verified LFS file has SHA-256 fields, a small file only its git id', async (t) => {
  const files = shardedModel({ shards: 1 });
  const { url } = await startHubScene(t, { repositories: [{ id: 'acme/tiny', files }] });
  const shard = 'model-00001-of-00001.safetensors';
  const lfs = `${url}/acme/tiny/resolve/main/${shard}`;
  const first = await get(lfs);
  t.equal(first.status, 200);
  t.equal(first.headers['repr-digest'], undefined, 'not before it was checked');
  const base64 = Buffer.from(sha256(files[shard] ?? Buffer.alloc(0)), 'hex').toString('base64');
  const range = { headers: { range: 'bytes=9-20' } };
  for (const { headers } of [await get(lfs), await headOf(lfs), await get(lfs, range)]) {
    t.equal(headers['repr-digest'], `sha-256=:${base64}:`);
    t.equal(headers['digest'], `SHA-256=${base64}`);
  }
  const small = `${url}/acme/tiny/resolve/main/config.json`;
  t.ok((await get(small)).body.equals(files['config.json'] ?? Buffer.alloc(0)));
  t.equal((await get(small)).headers['repr-digest'], undefined);
});
