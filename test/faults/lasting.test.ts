/** Faults that do not pass: the request ends, with an error and within a bound, and never wrong. */
import t from 'tap';
import { curl, get, isPattern, missing } from '../fixtures/program-client.js';
import { chunkOf, SHORT_BOUNDS } from '../fixtures/program-faults.js';
import { startScene } from '../fixtures/program-scene.js';
import { DEFAULT_ETAG } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 23;
const LENGTH = 12 * MEBIBYTE + 31_337;

t.test('an origin that hangs for good ends in an error, within the bound', async (t) => {
  const scene = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: { ...SHORT_BOUNDS, FOREBAY_FILL_MAX_ATTEMPTS: '2' },
  });
  scene.origin.script({ actions: [{ kind: 'hang', afterBytes: -1 }] });
  const got = await get(scene.url);
  t.equal(got.status, 504);
  t.match(got.headers['cache-status'], /detail=origin-timeout/);
});

t.test('a redirect loop is an answer of its own', async (t) => {
  const { origin, url, isRight } = await startScene(t, { seed: SEED, lengthBytes: LENGTH });
  const remove = origin.script({
    path: '/model',
    actions: [{ kind: 'redirect', to: '/elsewhere' }],
  });
  origin.script({ path: '/elsewhere', actions: [{ kind: 'redirect', to: '/model' }] });
  const got = await get(url);
  t.equal(got.status, 508);
  t.ok(origin.requests.length <= 8, `${String(origin.requests.length)} requests`);
  remove();
  t.ok(isRight(await get(url)), 'and is not remembered');
});

t.test(
  'a failed fill resets the connection of its client',
  { skip: missing('curl') },
  async (t) => {
    const { origin, url } = await startScene(t, {
      seed: SEED,
      lengthBytes: LENGTH,
      env: { ...SHORT_BOUNDS, FOREBAY_FILL_MAX_ATTEMPTS: '2' },
    });
    origin.script({
      when: ({ range }) => chunkOf(range) === 7,
      actions: [{ kind: 'status', status: 500 }],
    });
    const { code, stdout } = await curl(t, url);
    t.not(code, 0, 'curl knows that the transfer broke off');
    t.equal(stdout.length, 7 * MEBIBYTE, 'after all that was to be had');
    t.ok(isPattern(stdout, SEED, 0));
  },
);

t.test('an ETag that changes in each response never leads to a mix', async (t) => {
  const { origin, program, url } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: SHORT_BOUNDS,
  });
  const changed = { bytes: { seed: SEED + 1, length: LENGTH }, etag: '"scripted-2"' };
  // The new representation is there from the moment that the fifth chunk is asked for.
  origin.script({
    when: ({ range }) => {
      if (chunkOf(range) === 5) {
        origin.objects.set('/model', { ...changed, cacheControl: 'max-age=3600' });
      }
      return false;
    },
    actions: [],
  });
  const got = await get(url);
  t.equal(got.headers.etag, DEFAULT_ETAG);
  t.notOk(got.whole, 'the transfer ends with an error');
  t.ok(isPattern(got.body, SEED, 0), 'and no byte is of the other representation');

  const next = await get(url);
  t.equal(next.headers.etag, changed.etag);
  t.ok(next.whole && next.body.length === LENGTH && isPattern(next.body, SEED + 1, 0));
  const again = await get(url);
  t.ok(again.whole && isPattern(again.body, SEED + 1, 0));
  t.equal(await program.metric('forebay_chunk_verify_failures_total'), 0);
});
