/**
 * Passing faults of the origin, one at a time at random chunks and offsets, under a client that
 * downloads the whole: no wrong byte, and nothing to be seen.
 */
import t from 'tap';
import { get, isPattern } from '../fixtures/program-client.js';
import { chunkOf, passingFaults, SHORT_BOUNDS } from '../fixtures/program-faults.js';
import { seededRandom } from '../fixtures/program-random.js';
import { startScene } from '../fixtures/program-scene.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 21;
const LENGTH = 12 * MEBIBYTE + 31_337;
const CHUNKS = 13;

/** Faults of each kind in one download, each at a chunk and an offset of its own. */
const FAULTS_EACH = 4;

for (const { name, actions } of passingFaults) {
  t.test(`a transient fault is invisible to the client: ${name}`, async (t) => {
    const { below } = seededRandom(t);
    const scene = await startScene(t, { seed: SEED, lengthBytes: LENGTH, env: SHORT_BOUNDS });
    const { origin, program, url, isRight } = scene;
    // Not the first contact, which has a test of its own; different chunks for different faults.
    const victims = new Set<number>();
    while (victims.size < FAULTS_EACH) victims.add(1 + below(CHUNKS - 2));
    for (const chunk of victims) {
      origin.script({
        when: ({ range }) => chunkOf(range) === chunk,
        times: 1,
        actions: actions(below),
      });
    }
    t.comment(`chunks ${[...victims].join(', ')}`);
    const got = await get(url);
    t.ok(isPattern(got.body, SEED, 0), 'no wrong byte');
    t.ok(isRight(got), 'and all of them');
    t.ok(isRight(await get(url)), 'and the cache has them');
    t.equal(await program.metric('forebay_chunk_verify_failures_total'), 0);
  });
}
