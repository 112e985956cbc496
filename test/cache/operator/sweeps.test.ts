import t from 'tap';
import { TargetMatcher } from '#src/cache/operator/selection.js';
import { Sweeps } from '#src/cache/operator/sweeps.js';
import { startRoom } from '../../fixtures/running-room.js';
import { eventually } from '../../fixtures/store-eventually.js';

const ALL = { origin: null, pathPrefix: null };

t.test('Sweeps: one runs at a time, and a few ended ones are kept', async (t) => {
  const room = await startRoom(t);
  const sweeps = new Sweeps(
    room.services,
    new TargetMatcher(new Map([[room.upstream.name, room.upstream]])),
  );
  const object = await room.chunks.openObject(room.identity('/a', 10));
  t.teardown(() => {
    object.release();
  });
  const ids: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    const id = sweeps.start(ALL)?.id ?? '';
    ids.push(id);
    t.ok(await eventually(() => sweeps.get(id)?.state === 'done'));
  }
  t.equal(new Set(ids).size, 20);
  t.equal(sweeps.get(ids[0] ?? ''), undefined);
  t.ok(sweeps.get(ids[19] ?? ''));
  t.equal(sweeps.cancel('unknown'), undefined);
  t.equal(sweeps.cancel(ids[19] ?? '')?.state, 'done');
  sweeps.close();
});
