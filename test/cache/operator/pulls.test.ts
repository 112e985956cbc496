import t from 'tap';
import { MAX_ITEMS_AT_ONCE, MAX_PULLS, Pulls } from '#src/cache/operator/pulls.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { eventually } from '../../fixtures/store-eventually.js';

const targetOf = (path: string) => ({ url: path, origin: 'origin', target: path });

t.test('Pulls: a few items are read at a time; a pull ends with its last item', async (t) => {
  const names = ['/a', '/b', '/c', '/d'];
  const objects = Object.fromEntries(names.map((name, seed) => [name, fresh(seed, 1)]));
  const room = await startRoom(t, { objects });
  const gate = createGate();
  room.origin.script({ actions: [{ kind: 'gate', at: 5, gate }] });
  const pulls = new Pulls(room.services, room.cache);
  const id = pulls.start(names.map(targetOf))?.id ?? '';
  await gate.reached;
  t.ok(await eventually(() => room.origin.requests.length === MAX_ITEMS_AT_ONCE));
  const waiting = pulls.get(id)?.items.filter(({ startedAtMs }) => startedAtMs === null);
  t.equal(waiting?.length, names.length - MAX_ITEMS_AT_ONCE);
  gate.open();
  t.ok(await eventually(() => pulls.get(id)?.state === 'done'));
  t.equal(room.origin.bodyBytes, names.length * sizeOf(1));
});

t.test('Pulls: one failed item fails the pull, and the others go on', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const pulls = new Pulls(room.services, room.cache);
  const id = pulls.start(['/missing', '/a'].map(targetOf))?.id ?? '';
  t.ok(await eventually(() => pulls.get(id)?.state === 'failed'));
  t.same(
    pulls.get(id)?.items.map(({ state }) => state.kind),
    ['failed', 'done'],
  );
});

t.test('Pulls: a cancelled pull starts no item; pulls are bounded, end at close', async (t) => {
  const names = ['/a', '/b', '/c'];
  const objects = Object.fromEntries(names.map((name, seed) => [name, fresh(seed, 1)]));
  const room = await startRoom(t, { objects });
  const gate = createGate();
  room.origin.script({ actions: [{ kind: 'gate', at: 5, gate }] });
  const pulls = new Pulls(room.services, room.cache);
  const id = pulls.start(names.map(targetOf))?.id ?? '';
  await gate.reached;
  for (let more = 1; more < MAX_PULLS; more += 1) t.ok(pulls.start([targetOf('/a')]));
  t.equal(pulls.start([targetOf('/a')]), undefined, 'as many as may be');
  t.equal(pulls.cancel(id)?.state, 'cancelled');
  t.match(pulls.get(id)?.items.at(-1), { startedAtMs: null, state: { kind: 'failed' } });
  t.equal(pulls.cancel('unknown'), undefined);
  t.equal(pulls.get('unknown'), undefined);
  pulls.close();
  gate.open();
  t.equal(pulls.start([targetOf('/a')]), undefined);
  t.notOk(room.origin.requests.some(({ path }) => path === '/c'));
});
