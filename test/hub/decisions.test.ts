/** Who is let have a file while the hub is not there, in front of its double. */
import t, { type Test } from 'tap';
import { startHubDouble } from '../fixtures/hub-double.js';
import { startForebay } from '../fixtures/running.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const TOKEN = 'hf_reader';
const MINE = { headers: { authorization: `Bearer ${TOKEN}` } };
const FILES = { a: Buffer.from('first\n'), b: Buffer.from('second\n') };
const DAY_SECONDS = 24 * 60 * 60;

async function start(t: Test) {
  const hub = await startHubDouble(t, {
    repositories: [{ id: 'acme/m', files: FILES, access: { kind: 'gated', tokens: [TOKEN] } }],
  });
  const clock = new ShiftedClock();
  const origins = [
    {
      name: 'hub',
      adapter: 'huggingface',
      url: hub.url,
      redirectHosts: [hub.cdnHost],
      allowPrivateRedirects: true,
    },
  ];
  let forebay = await startForebay(t, { origins, clock });
  const restart = async () => {
    await forebay.stop();
    forebay = await startForebay(t, { origins, clock, directory: forebay.directory });
  };
  const commit = hub.repository('models', 'acme/m', TOKEN).head.id;
  const get = async (path: string) => (await forebay.get(path, MINE)).status;
  const status = (revision: string, file: string) => get(`/acme/m/resolve/${revision}/${file}`);
  return { hub, clock, commit, status, get, restart };
}

t.test('a refusal counts for the repository, whatever names its files', async (t) => {
  const { hub, clock, commit, status, restart } = await start(t);
  for (const file of ['a', 'b']) t.equal(await status('main', file), 200);
  clock.pass(DAY_SECONDS);
  hub.revoke(TOKEN);
  t.not(await status('main', 'a'), 200);
  await hub.stop();
  const seeNothing = async (when: string) => {
    for (const file of ['a', 'b']) {
      t.not(await status('main', file), 200, `main/${file} ${when}`);
      t.not(await status(commit, file), 200, `commit/${file} ${when}`);
    }
  };
  await seeNothing('at once');
  await restart();
  await seeNothing('after a restart');
});

t.test('also a refusal of what was never asked for before, or of JSON alone', async (t) => {
  for (const path of ['/acme/m/resolve/main/b', '/api/models/acme/m/revision/main']) {
    const { hub, clock, commit, status, get, restart } = await start(t);
    t.equal(await status('main', 'a'), 200);
    clock.pass(DAY_SECONDS);
    hub.revoke(TOKEN);
    t.not(await get(path), 200, path);
    await hub.stop();
    t.not(await status(commit, 'a'), 200, 'at once');
    await restart();
    t.not(await status(commit, 'a'), 200, 'after a restart');
  }
});

t.test('a refusal counts at once, however fresh what was decided before is', async (t) => {
  const { hub, clock, commit, status, get } = await start(t);
  for (const file of ['a', 'b']) t.equal(await status('main', file), 200);
  clock.pass(1);
  hub.revoke(TOKEN);
  t.equal(await status(commit, 'b'), 200, 'within the time for which a decision counts');
  t.not(await get('/acme/m/resolve/main/never-asked-for'), 200);
  for (const file of ['a', 'b']) t.not(await status(commit, file), 200, file);
});

t.test('who was let in again after a refusal is let in', async (t) => {
  const { hub, clock, status, restart } = await start(t);
  t.equal(await status('main', 'a'), 200);
  clock.pass(DAY_SECONDS);
  hub.revoke(TOKEN);
  t.not(await status('main', 'a'), 200);
  hub.tokens.add(TOKEN);
  hub.repository('models', 'acme/m', TOKEN).readers.add(TOKEN);
  clock.pass(1);
  t.equal(await status('main', 'a'), 200);
  await hub.stop();
  clock.pass(DAY_SECONDS);
  await restart();
  t.equal(await status('main', 'a'), 200);
});

t.test('one of a file alone does not; a hub that bids us wait is not down', async (t) => {
  const { hub, clock, commit, status } = await start(t);
  t.equal(await status('main', 'a'), 200);
  clock.pass(DAY_SECONDS);
  t.equal(await status('main', 'none'), 404);
  t.equal(await status('nowhere', 'a'), 404);
  hub.fail('hub', 429, 100);
  t.equal(await status('main', 'a'), 429);
  await hub.stop();
  t.equal(await status(commit, 'a'), 200);
});
