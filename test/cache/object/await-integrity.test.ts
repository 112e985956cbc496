import { createHash } from 'node:crypto';
import t from 'tap';
import { awaitIntegrity } from '#src/cache/object/await-integrity.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { readView, startRoom } from '../../fixtures/running-room.js';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../../fixtures/running.js';

async function start(
  t: Parameters<typeof startRoom>[0],
  hex: string,
  integrity: 'default' | 'strict',
) {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) }, upstream: { integrity } });
  const digest = { algorithm: 'sha256', hex } as const;
  const generation = await room.open('/a', sizeOf(3), { digest });
  t.teardown(() => {
    generation.release();
  });
  return { room, generation, want: room.fetchContext('/a') };
}

const RIGHT = createHash('sha256').update(bytesOf(1, 3)).digest('hex');
const WRONG = 'f'.repeat(64);

t.test('awaitIntegrity: a strict object is fetched whole, verified, then released', async (t) => {
  const { room, generation, want: fetchContext } = await start(t, RIGHT, 'strict');
  t.ok(generation.integrity.withholds(0));
  await awaitIntegrity(generation, 0, fetchContext);
  t.equal(generation.integrity.state.kind, 'attested');
  t.notOk(generation.integrity.withholds(0));
  t.equal(room.origin.bodyBytes, sizeOf(3));
});

t.test('awaitIntegrity: the chunk that completes the object waits, whichever it is', async (t) => {
  const { generation, want: fetchContext } = await start(t, RIGHT, 'default');
  const whole = bytesOf(1, 3);
  t.ok(
    (await readView(await generation.open(2, fetchContext), 12_345)).equals(whole.subarray(2 * C)),
  );
  t.ok((await readView(await generation.open(0, fetchContext), C)).equals(whole.subarray(0, C)));
  t.equal(generation.integrity.state.kind, 'pending');
  t.ok(
    (await readView(await generation.open(1, fetchContext), C)).equals(whole.subarray(C, 2 * C)),
  );
  t.equal(generation.integrity.state.kind, 'attested', 'by then it was checked');
});

t.test('awaitIntegrity: concurrent last readers never all get a corrupt object', async (t) => {
  const { generation, want: fetchContext } = await start(t, WRONG, 'default');
  const views = await Promise.allSettled(
    [0, 1, 2].map((index) => generation.open(index, fetchContext)),
  );
  t.equal(views.filter(({ status }) => status === 'rejected').length, 1);
  for (const view of views) if (view.status === 'fulfilled') view.value?.release();
  t.equal(generation.endReason, 'digest-mismatch');
});

t.test('awaitIntegrity: an aborted request stops waiting; the verification goes on', async (t) => {
  const { generation, room } = await start(t, RIGHT, 'strict');
  const controller = new AbortController();
  const waiting = awaitIntegrity(
    generation,
    1,
    room.fetchContext('/a', { signal: controller.signal }),
  );
  controller.abort();
  await t.rejects(waiting, { code: 'client-aborted' });
  t.equal((await generation.integrity.whenSettled).kind, 'attested');
});

t.test('awaitIntegrity: a strict object whose digest mismatches is refused', async (t) => {
  const { generation, want: fetchContext } = await start(t, RIGHT, 'strict');
  (
    await generation.open(1, { ...fetchContext, priority: 'read-ahead' }).catch(() => undefined)
  )?.release();
  t.equal(generation.integrity.state.kind, 'attested');
  const other = await start(t, WRONG, 'strict');
  await t.rejects(other.generation.open(0, other.want), { code: 'origin-corrupt' });
});

t.test('awaitIntegrity: chunks stored under another name complete the object', async (t) => {
  const bytes = bytesOf(5, 1);
  const hex = createHash('sha256').update(bytes).digest('hex');
  const digests = [{ pattern: '/pinned', digest: `sha256:${hex}` }];
  const origin = await runOrigin(t, { '/plain': fresh(5, 1), '/pinned': fresh(5, 1) });
  const forebay = await startForebay(t, { origin, originKeys: { digests } });
  t.equal((await forebay.get('/plain')).status, 200);
  await forebay.holds(1);
  for (let time = 0; time < 2; time += 1) {
    const got = await forebay.get('/pinned');
    t.ok(got.body.equals(bytes), describe(got));
  }
});
