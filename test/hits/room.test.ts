/** The chunks that the hit server has open, and the room and descriptors that others need. */
import { readdirSync, readlinkSync } from 'node:fs';
import t, { type Test } from 'tap';
import { adminOf } from '../fixtures/admin-client.js';
import {
  type RunningForebay,
  RUNNING_CHUNK_BYTES as C,
  startForebay,
} from '../fixtures/running.js';
import { fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { patternBytes } from '../fixtures/scripted-origin.js';
import { answersOf, askOn, plain, rangeField, watchedOf } from '../fixtures/watched.js';

/** Chunk files of a cache that this process has open, deleted or not. */
function openChunks(directory: string): number {
  const paths = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      // Closed since the listing.
      return '';
    }
  });
  return paths.filter((path) => path.startsWith(`${directory}/chunks/`)).length;
}

/** Asks for a byte of each chunk of `/hot` on a watched connection, again and again. */
async function keepHot(t: Test, forebay: RunningForebay, chunks: number) {
  const client = await watchedOf(t, forebay, '/hot');
  const state = { stops: false, wrong: 0, rounds: 0 };
  const run = async (): Promise<void> => {
    while (!state.stops) {
      for (let index = 0; index < chunks; index += 1) {
        const at = index * C;
        const { body } = await askOn(client, plain('/hot', rangeField(at, at + 100)));
        if (!body.equals(patternBytes(1, at, at + 100))) state.wrong += 1;
      }
      state.rounds += 1;
    }
    client.socket.destroy();
  };
  const ended = run();
  return {
    state,
    stop: async (): Promise<void> => {
      state.stops = true;
      await ended;
    },
  };
}

t.test('chunks that the hit server holds open are not evicted while requested', async (t) => {
  const colds = Array.from({ length: 24 }, (_, index) => `/cold${String(index)}`);
  const origin = await runOrigin(t, {
    '/hot': fresh(1, 2),
    ...Object.fromEntries(colds.map((path, index) => [path, fresh(10 + index, 2)])),
  });
  const forebay = await startForebay(t, { origin, cache: { capacity: '14MiB' } });
  const hot = await keepHot(t, forebay, 2);
  const asked = origin.requests.filter(({ path }) => path === '/hot').length;
  for (const path of [...colds, ...colds]) {
    t.equal((await forebay.get(path)).status, 200);
    const { rounds } = hot.state;
    await forebay.until(() => hot.state.rounds > rounds);
  }
  await hot.stop();
  t.equal(hot.state.wrong, 0);
  t.equal(origin.requests.filter(({ path }) => path === '/hot').length, asked);
  t.ok((await forebay.metric('forebay_evicted_bytes_total')) > 0, 'others were');
});

t.test('a fill finds room although every held chunk is hot', async (t) => {
  const HOT = 12;
  const origin = await runOrigin(t, { '/hot': fresh(1, HOT), '/cold': fresh(2, 4) });
  const forebay = await startForebay(t, { origin, cache: { capacity: '13MiB' } });
  await forebay.get('/hot');
  await forebay.holds(HOT);
  const hots = [await keepHot(t, forebay, HOT), await keepHot(t, forebay, HOT)];
  const got = await forebay.get('/cold');
  t.equal(got.status, 200);
  t.ok(got.body.equals(patternBytes(2, 0, sizeOf(4))));
  await Promise.all(hots.map((hot) => hot.stop()));
  for (const { state } of hots) t.equal(state.wrong, 0);
});

t.test('descriptors are released when objects are deleted', async (t) => {
  const paths = Array.from({ length: 20 }, (_, index) => `/${String(index)}`);
  const origin = await runOrigin(
    t,
    Object.fromEntries(paths.map((path, index) => [path, fresh(index, 1)])),
  );
  const forebay = await startForebay(t, { origin });
  const { directory } = forebay.config.cache;
  const clients = [];
  for (const path of paths) clients.push(await watchedOf(t, forebay, path));
  t.ok((await answersOf(forebay)) >= paths.length);
  t.ok(openChunks(directory) >= paths.length);
  const { body } = await adminOf(forebay).post('/api/v1/purge', {});
  t.match(body, { objects: paths.length });
  t.equal(await forebay.metric('forebay_cache_chunks'), 0, 'what it had open is no orphan');
  await forebay.until(() => openChunks(directory) === 0);
  t.pass('all of them, while the connections are open');
  for (const client of clients) client.socket.destroy();
});

t.test(
  'after a restart chunks are opened and verified for the hit server, which keeps its connections',
  async (t) => {
    const origin = await runOrigin(t, { '/hot': fresh(1, 4) });
    const first = await startForebay(t, { origin });
    await first.get('/hot');
    await first.holds(4);
    await first.stop();
    const { bodyBytes } = origin;
    const second = await startForebay(t, { origin, directory: first.directory });
    const client = await watchedOf(t, second, '/hot', 'HEAD');
    const before = await answersOf(second);
    for (let index = 0; index < 4; index += 1) {
      const at = index * C + 5;
      const { body } = await askOn(client, plain('/hot', rangeField(at, at + 100)));
      t.ok(body.equals(patternBytes(1, at, at + 100)), `chunk ${String(index)}`);
    }
    t.equal(await answersOf(second), before + 4, 'all on one connection');
    t.equal(await second.metric('forebay_chunks_verified_total'), 4);
    t.equal(origin.bodyBytes, bodyBytes);
  },
);
