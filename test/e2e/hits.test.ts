/** Small ranges on kept connections while their object is purged and fetched anew by turns. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import http from 'node:http';
import t from 'tap';
import { get, isPattern } from '../fixtures/program-client.js';
import { seededRandom } from '../fixtures/program-random.js';
import { startScene } from '../fixtures/program-scene.js';
import { eventually } from '../fixtures/store-eventually.js';

const LENGTH = 3 * 1024 * 1024 + 77;
const SEED = 7;
const CHUNKS = 4;
const CONNECTIONS = 8;
const ROUNDS = 5;
/** Of each connection: when it is there and nothing happens, and while it is purged. */
const QUIET = 3;
const PURGED = 2;

t.test('200 ranges on 8 connections are right while their object is purged', async (t) => {
  const { program, url, isRight } = await startScene(t, { seed: SEED, lengthBytes: LENGTH });
  const token = readFileSync(join(program.cacheDirectory, 'admin-token'), 'utf8').trim();
  const purge = async (): Promise<void> => {
    const { status } = await fetch(`${program.adminUrl}/api/v1/purge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    });
    if (status !== 200) throw new Error(String(status));
  };
  const { random } = seededRandom(t);
  let asked = 0;
  const wrong: string[] = [];
  const fill = async (): Promise<void> => {
    // Once for the bytes, and once more so that they stand.
    for (const what of ['fetched', 'held']) {
      asked += 1;
      if (!isRight(await get(url))) wrong.push(what);
      await program.metricReaches('forebay_cache_chunks', (chunks) => chunks === CHUNKS);
    }
  };
  const ask = async (agent: http.Agent, times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const start = Math.floor(random() * (LENGTH - 10_000));
      const end = start + 1 + Math.floor(random() * 10_000);
      const range = `bytes=${String(start)}-${String(end - 1)}`;
      asked += 1;
      const got = await get(url, { headers: { range }, agent });
      const isWhole = got.status === 206 && got.whole && got.body.length === end - start;
      if (!isWhole || !isPattern(got.body, SEED, start)) wrong.push(range);
    }
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await fill();
    // One that was given to node stays there: each round has new ones.
    const agents = Array.from(
      { length: CONNECTIONS },
      () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
    );
    await Promise.all(agents.map((agent) => ask(agent, QUIET)));
    await Promise.all([purge(), ...agents.map((agent) => ask(agent, PURGED))]);
    await purge();
    for (const agent of agents) agent.destroy();
  }

  t.same(wrong, [], 'every range is whole and right');
  t.equal(asked, ROUNDS * (CONNECTIONS * (QUIET + PURGED) + 2));
  t.equal(await program.metric('forebay_requests_total'), asked, 'each is counted once');
  t.equal(await program.metric('forebay_inflight_requests'), 0);
  const answered = await program.metric('forebay_hit_server_answers_total');
  t.ok(answered >= 2 * ROUNDS * CONNECTIONS, `past the main thread: ${String(answered)}`);
  const lines = () => program.logs().filter(({ msg }) => msg === 'request');
  t.ok(await eventually(() => lines().length >= asked));
  t.equal(new Set(lines().map(({ requestId }) => requestId)).size, asked, 'and has a line');
  t.equal(lines().length, asked);
});
