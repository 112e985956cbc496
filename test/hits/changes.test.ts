/**
 * Whatever changes what an answer may be, the very next request on a connection that the hit server
 * watches sees it: not one stale answer, and not within the time for which answers are vouched for.
 */
import { writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { adminOf } from '../fixtures/admin-client.js';
import { cacheFiles } from '../fixtures/program-disk.js';
import { type RunningForebay, type RunningOptions, startForebay } from '../fixtures/running.js';
import { runOrigin } from '../fixtures/running-origin.js';
import { patternBytes, type ScriptedOrigin } from '../fixtures/scripted-origin.js';
import { answersOf, askOn, plain, rangeField, watchedOf } from '../fixtures/watched.js';

const LENGTH = 100_000;
const ROUNDS = 10;

interface Scene {
  readonly origin: ScriptedOrigin;
  readonly forebay: RunningForebay;
  readonly options: (more: object) => RunningOptions;
  /** The origin has another representation from now on. */
  readonly replace: (version: number) => void;
}

async function start(t: Test): Promise<Scene> {
  const origin = await runOrigin(t, {});
  const replace = (version: number): void => {
    origin.objects.set('/a', {
      bytes: { seed: version, length: LENGTH },
      etag: `"${String(version)}"`,
      cacheControl: 'max-age=3600',
    });
  };
  replace(0);
  const options = (more: object): RunningOptions => ({
    origins: [{ name: 'origin', url: origin.url, passMethods: true, ...more }],
  });
  return { origin, forebay: await startForebay(t, options({})), options, replace };
}

/** Each is done when it resolves, and known to whoever asked for it. */
const CHANGES: Readonly<Record<string, (scene: Scene, version: number) => Promise<void>>> = {
  'a purge': async ({ forebay }) => {
    const { status } = await adminOf(forebay).post('/api/v1/purge', { pathPrefix: '/a' });
    if (status !== 200) throw new Error(String(status));
  },
  'an unsafe request': async ({ origin, forebay }) => {
    origin.next({ kind: 'status', status: 200, fields: {}, body: 'done' });
    await forebay.get('/a', { method: 'POST' });
  },
  'a client that has it validated': async ({ forebay }) => {
    await forebay.get('/a', { headers: { 'cache-control': 'no-cache', range: 'bytes=0-0' } });
  },
  'a reload': ({ forebay, options }, version) => {
    forebay.reload(options({ headers: { 'x-version': String(version) } }));
    return Promise.resolve();
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  t.test(name, async (t) => {
    const scene = await start(t);
    const { forebay, origin, replace } = scene;
    for (let version = 1; version <= ROUNDS; version += 1) {
      const client = await watchedOf(t, forebay, '/a');
      const [answers, asked] = [await answersOf(forebay), origin.requests.length];
      await askOn(client, plain('/a', rangeField(10, 20)));
      replace(version);
      await change(scene, version);
      const { status, head, body } = await askOn(client, plain('/a', rangeField(10, 20)));
      t.equal(status, 206);
      t.equal((await answersOf(forebay)) - answers, 1, 'the one before it');
      // What is stored is as good after a reload, but not vouched for.
      if (name !== 'a reload') {
        t.ok(body.equals(patternBytes(version, 10, 20)), head);
        t.ok(origin.requests.length > asked);
      }
      client.socket.destroy();
    }
  });
}

t.test('a chunk found corrupt is not served by the hit server again', async (t) => {
  const { forebay } = await start(t);
  const client = await watchedOf(t, forebay, '/a');
  const [path = ''] = cacheFiles(forebay.config.cache.directory, 'chunks');
  writeFileSync(path, Buffer.alloc(LENGTH, 1), { flag: 'r+' });
  const admin = adminOf(forebay);
  t.match(await admin.post('/api/v1/verify', {}), { body: { id: String } });
  const dropped = 'forebay_dropped_chunks_total{reason="corrupt"}';
  await forebay.until((metrics) => (metrics.get(dropped) ?? 0) > 0);
  const answers = await answersOf(forebay);
  const answer = await askOn(client, plain('/a', rangeField(0, 1000)));
  t.ok(answer.body.equals(patternBytes(0, 0, 1000)), answer.head);
  t.equal(await answersOf(forebay), answers);
});
