import t from 'tap';
import { RESERVE_WAIT_MS, reserve } from '#src/cache/fill/reserve.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { startRoom, type Room } from '../../fixtures/running-room.js';
import type { ChunkDraft } from '#src/model/store.js';
import { waitUntil } from '../../fixtures/wait-until.js';

const STEP_MS = 5;

async function fullRoom(t: Parameters<typeof startRoom>[0]) {
  const clock = new ManualClock();
  const room = await startRoom(t, { clock, capacityBytes: 10 * C, memoryBytes: C });
  const drafts: ChunkDraft[] = [];
  for (;;) {
    const draft = await room.chunks.draft(C).catch(() => undefined);
    if (draft === undefined) break;
    drafts.push(draft);
  }
  return { clock, room, drafts };
}

/**
 * Moves time on in small steps until `condition` holds: the store's own work takes turns between.
 */
async function passUntil(clock: ManualClock, condition: () => boolean): Promise<void> {
  await waitUntil(
    'the condition of the test',
    () => condition(),
    () => {
      clock.advance(STEP_MS);
    },
  );
}

/** Moves time on until `promise` settles. */
async function passWhile(clock: ManualClock, promise: Promise<unknown>): Promise<void> {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  await passUntil(clock, () => state.settled);
}

function asked(room: Room): string[] {
  const reliefs: string[] = [];
  for (const relief of ['read-ahead', 'verification'] as const) {
    room.services.pressure.register(relief, () => reliefs.push(relief));
  }
  return reliefs;
}

t.test('reserve relieves nobody while there is room', async (t) => {
  const room = await startRoom(t);
  const reliefs = asked(room);
  const draft = await reserve(room.services, C, 'demand', undefined);
  t.equal(draft.placement, 'disk');
  draft.discard();
  (await reserve(room.services, C, 'read-ahead', 'memory')).discard();
  t.same(reliefs, []);
});

t.test('reserve fails at once for read-ahead when there is no room', async (t) => {
  const { room, drafts } = await fullRoom(t);
  const reliefs = asked(room);
  await t.rejects(reserve(room.services, C, 'read-ahead', undefined), { code: 'no-space' });
  t.same(reliefs, []);
  for (const draft of drafts) draft.discard();
});

t.test('reserve for demand waits while read-ahead, then verifications, release room', async (t) => {
  const { clock, room, drafts } = await fullRoom(t);
  const reliefs = asked(room);
  const waiting = reserve(room.services, C, 'demand', undefined);
  await passUntil(clock, () => reliefs.length > 0);
  t.same([...new Set(reliefs)], ['read-ahead']);
  await passUntil(clock, () => reliefs.includes('verification'));
  t.ok(clock.monotonic() > 1000, 'after a second');
  drafts.pop()?.discard();
  await passWhile(clock, waiting);
  (await waiting).discard();
  for (const draft of drafts) draft.discard();
});

t.test('reserve for demand fails after its bound', async (t) => {
  const { clock, room, drafts } = await fullRoom(t);
  const waiting = reserve(room.services, C, 'demand', undefined);
  await passWhile(clock, waiting);
  await t.rejects(waiting, { code: 'no-space', retryable: true });
  t.ok(clock.monotonic() > RESERVE_WAIT_MS);
  t.equal(clock.pendingTimers, 0);
  for (const draft of drafts) draft.discard();
});

t.test('reserve does not wait after an error other than a lack of room', async (t) => {
  const { clock, room } = await fullRoom(t);
  await t.rejects(reserve(room.services, -1, 'demand', undefined));
  t.equal(clock.pendingTimers, 0);
});
