/**
 * Faults in the very first answer of an origin, when nothing is known of the object that could tell
 * them: the request may end in an error, but nothing wrong is served or remembered.
 */
import t from 'tap';
import { cacheStatusOf, get, isPattern } from '../fixtures/program-client.js';
import { passingFaults, SHORT_BOUNDS } from '../fixtures/program-faults.js';
import { seededRandom } from '../fixtures/program-random.js';
import { startScene } from '../fixtures/program-scene.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 22;
const LENGTH = 5 * MEBIBYTE + 31_337;

for (const { name, actions } of passingFaults) {
  t.test(`a fault at first contact is handled: ${name}`, async (t) => {
    const { below } = seededRandom(t);
    const scene = await startScene(t, { seed: SEED, lengthBytes: LENGTH, env: SHORT_BOUNDS });
    const { origin, url, isRight } = scene;
    origin.script({ times: 1, actions: actions(below) });
    const got = await get(url);
    // What the first answer says is believed where nothing is known: it may be an error, or an end.
    if (got.status === 200) t.ok(isPattern(got.body, SEED, 0), 'no wrong byte');
    else t.ok(got.status >= 500, `an error: ${String(got.status)} ${cacheStatusOf(got)}`);
    t.ok(isRight(await get(url)), 'the next request has all of it');
  });
}
