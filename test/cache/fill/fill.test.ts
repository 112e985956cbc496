import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { Generation } from '#src/cache/object/generation.js';
import { MAX_BARREN_PLANS } from '#src/http/exchange/deliver.js';
import { ForebayError } from '#src/model/errors.js';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { readView, type Room, startRoom } from '../../fixtures/running-room.js';
import type { Action } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

/** Whether a request is for chunk `index`. */
const forChunk =
  (index: number) =>
  ({ range }: { range: string | undefined }): boolean =>
    range?.startsWith(`bytes=${String(index * C)}-`) === true;

/** A room whose manifest knows the ids of three chunks, none of which is held any more. */
async function evicted(t: Test) {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) }, capacityBytes: 12 * C });
  const generation = await room.open('/a', sizeOf(3));
  t.teardown(() => {
    generation.release();
  });
  for (const index of [0, 1, 2]) {
    const length = index === 2 ? 12_345 : C;
    await readView(await generation.open(index, room.fetchContext('/a')), length);
    await waitUntil(
      `chunk ${String(index)} is held and its fill has ended`,
      () => generation.isHeld(index) && generation.flight(index) === undefined,
    );
  }
  // Ids outlive bytes: what pushes the chunks out leaves their records.
  const drafts = [];
  while (generation.isHeld(1)) drafts.push(await room.chunks.draft(C));
  for (const draft of drafts) draft.discard();
  return { room, generation };
}

t.test('property: a failure at a random offset is invisible to the reader', async (t) => {
  const faults: fc.Arbitrary<Action> = fc.oneof(
    fc.record({ kind: fc.constant('reset' as const), afterBytes: fc.nat(C) }),
    fc.record({ kind: fc.constant('short' as const), afterBytes: fc.nat(C - 1) }),
    fc.constant({ kind: 'status' as const, status: 500 }),
    fc.constant({ kind: 'ignore-range' as const }),
    fc.constant({ kind: 'content-range' as const, start: 1 }),
  );
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  let name = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(3), faults, async (index, fault) => {
      name += 1;
      const path = `/${String(name)}`;
      origin.objects.set(path, fresh(name % 5, 4, { etag: `"${String(name)}"` }));
      const remove = origin.script({ path, when: forChunk(index), times: 1, actions: [fault] });
      const clients = await Promise.all([1, 2].map(() => forebay.get(path)));
      remove();
      for (const got of clients) {
        if (!got.body.equals(bytesOf(name % 5, 4)) || got.aborted) throw new Error(describe(got));
      }
    }),
    { numRuns: 12 },
  );
});

t.test('a leader without permission does not fail followers who have it', async (t) => {
  const fields = { 'Cache-Control': 'public, max-age=3600' };
  const origin = await runOrigin(t, { '/a': fresh(1, 3, { fields }) });
  const when = (request: { headers: Readonly<Record<string, string>> }): boolean =>
    request.headers['authorization'] !== 'Bearer good';
  const forebay = await startForebay(t, { origin });
  const good = { authorization: 'Bearer good' };
  await forebay.get('/a', { headers: { ...good, range: 'bytes=0-9' } });
  origin.script({ when, actions: [{ kind: 'status', status: 403 }] });
  const [bad, fine] = await Promise.all([forebay.get('/a'), forebay.get('/a', { headers: good })]);
  t.ok(fine.body.equals(bytesOf(1, 3)), describe(fine));
  t.ok(!bad.aborted || bad.body.length < sizeOf(3), describe(bad));
});

t.test('a refetch that differs from observed ids is believed when two agree', async (t) => {
  const { room, generation } = await evicted(t);
  const { object } = generation;
  const known = object.record(1)?.id;
  // The same validator, other bytes: the origin lied once, and lies the same way from now on.
  room.origin.objects.set('/a', fresh(2, 3));
  t.ok((await readChunk(room, generation)).equals(bytesOf(2, 3).subarray(C, 2 * C)));
  await waitUntil('the fill of chunk 1 has ended', () => generation.flight(1) === undefined);
  t.not(object.record(1)?.id, known, 'replaced');
  t.ok(room.events.includes('chunk mismatched: origin'), room.events.join());
});

t.test('a refetch that differs once and then is right keeps the ids', async (t) => {
  const { room, generation } = await evicted(t);
  const known = generation.object.record(1)?.id;
  room.origin.script({
    when: forChunk(1),
    times: 1,
    actions: [{ kind: 'corrupt', offset: C + 3 }],
  });
  t.ok(
    (await readChunk(room, generation)).equals(bytesOf(1, 3).subarray(C, 2 * C)),
    'no wrong byte',
  );
  await waitUntil('the fill of chunk 1 has ended', () => generation.flight(1) === undefined);
  t.equal(generation.object.record(1)?.id, known);
});

t.test('fetches that never agree are an error', async (t) => {
  const { room, generation } = await evicted(t);
  let byte = 0;
  const corrupt = (): void => {
    byte += 1;
    room.origin.script({
      when: forChunk(1),
      times: 1,
      actions: [{ kind: 'corrupt', offset: C + byte }],
    });
  };
  for (let rule = 0; rule < 6; rule += 1) corrupt();
  await t.rejects(readChunk(room, generation), { code: 'origin-corrupt' });
});

/** Reads chunk 1 as the front does: what may mend is planned again, a few times. */
async function readChunk(room: Room, generation: Generation): Promise<Buffer> {
  const fetchContext = room.fetchContext('/a');
  for (let plan = 0; ; plan += 1) {
    try {
      return await readView(await generation.open(1, fetchContext), C);
    } catch (error) {
      const mayMend = error instanceof ForebayError && error.retryable && error.code === 'internal';
      if (!mayMend || plan >= MAX_BARREN_PLANS) throw error;
    }
  }
}
