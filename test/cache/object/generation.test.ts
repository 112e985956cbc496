import t from 'tap';
import { holdsChunks } from '#src/cache/object/holds-chunks.js';
import { ForebayError } from '#src/model/errors.js';
import {
  describe,
  type Got,
  readWhole,
  RUNNING_CHUNK_BYTES as C,
  startForebay,
} from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { readView, startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

t.test('ten readers of one chunk cost one fetch', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await room.open('/a', sizeOf(3));
  const views = await Promise.all(
    Array.from({ length: 10 }, () => generation.open(1, room.fetchContext('/a'))),
  );
  for (const view of views) {
    t.ok((await readView(view, C)).equals(bytesOf(1, 3).subarray(C, 2 * C)));
  }
  t.equal(room.origin.bodyBytes, C);
  t.equal(await generation.open(3, room.fetchContext('/a')), undefined, 'past the end');
  generation.release();
});

t.test('holdsChunks is true for held chunks only', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await room.open('/a', sizeOf(3));
  t.notOk(holdsChunks(generation, 0, 1));
  t.ok(holdsChunks(generation, 2, 2), 'nothing of it is always there');
  await readView(await generation.open(2, room.fetchContext('/a')), 12_345);
  await waitUntil('chunk 2 is held', () => generation.isHeld(2));
  t.ok(holdsChunks(generation, 2, Infinity));
  t.notOk(holdsChunks(generation, 0, Infinity));
  generation.end(
    'replaced',
    new ForebayError('origin-changed', 'x', { source: 'origin', retryable: false }),
  );
  t.notOk(holdsChunks(generation, 2, Infinity), 'ended');
  await t.rejects(generation.open(2, room.fetchContext('/a')), { code: 'origin-changed' });
  t.equal(generation.endReason, 'replaced');
  generation.release();
});

t.test('readers get no mix of versions when the representation changes', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 8, { etag: '"one"' }) });
  const gate = createGate();
  const when = ({ range }: { range: string | undefined }): boolean =>
    range?.startsWith(`bytes=${String(C)}-`) === true;
  origin.script({ when, times: 1, actions: [{ kind: 'gate', at: 0, gate }] });
  const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 1 } });
  const readers = await Promise.all([forebay.open('/a'), forebay.open('/a')]);
  await gate.reached;
  origin.objects.set('/a', fresh(2, 8, { etag: '"two"' }));
  gate.open();
  for (const { response } of readers) {
    const got = await readWhole(response);
    t.ok(got.body.equals(bytesOf(1, 8).subarray(0, got.body.length)), describe(got));
    t.ok(got.aborted || got.body.length === sizeOf(8));
  }
  const next = await forebay.get('/a');
  t.ok(next.body.equals(bytesOf(2, 8)), describe(next));
  t.equal(next.headers.etag, '"two"');
});

t.test('a validator that differs in a single response goes unnoticed', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const fields = { ETag: '"other"' };
  origin.script({ skip: 2, times: 1, actions: [{ kind: 'fields', fields }] });
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
});

t.test('a follower leads the fill when its leader is lost', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await room.open('/a', sizeOf(3));
  const flight = generation.lead(1, room.fetchContext('/a'), 'arrival');
  const following = [1, 2, 3].map(() => generation.open(1, room.fetchContext('/a')));
  await new Promise(setImmediate);
  const error = new ForebayError('cancelled', 'gone', { source: 'internal', retryable: true });
  flight.fail({ kind: 'leader-failed', error });
  for (const view of await Promise.all(following)) {
    t.ok((await readView(view, C)).equals(bytesOf(1, 3).subarray(C, 2 * C)));
  }
  t.equal(room.origin.bodyBytes, C, 'one of them led');
  generation.release();
});

t.test('Generation: idle without users and fills, and then not closed at once', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const generation = await room.open('/a', sizeOf(2));
  const view = await generation.open(0, room.fetchContext('/a'));
  generation.release();
  t.notOk(generation.isIdle, 'a chunk is on its way');
  await readView(view, C);
  await waitUntil('the generation is idle', () => generation.isIdle);
  t.notOk(generation.isClosed, 'it lingers');
});

t.test("a missing chunk is refused at once while the origin's breaker is open", async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const generation = await room.open('/a', sizeOf(3));
  await readView(await generation.open(2, room.fetchContext('/a')), 12_345);
  await waitUntil('chunk 2 is held', () => generation.isHeld(2));
  const { breaker } = room.upstream;
  for (let permit = breaker.ask(); permit.kind !== 'refused'; permit = breaker.ask()) {
    permit.settle('unreachable');
  }
  const asked = room.origin.requests.length;
  await t.rejects(generation.open(1, room.fetchContext('/a')), {
    code: 'origin-busy',
    retryAfterMs: Number,
  });
  (await generation.open(2, room.fetchContext('/a')))?.release();
  t.equal(room.origin.requests.length, asked);
  generation.release();
});

t.test('a missing chunk under an open breaker gets 503 and Retry-After', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const forebay = await startForebay(t, { origin });
  await forebay.range('/a', 0, C);
  await forebay.holds(1);
  await origin.close();
  let got = await forebay.get('/b');
  for (let i = 0; i < 10 && !isBusy(got); i += 1) got = await forebay.get(`/b${String(i)}`);
  const headers = { range: `bytes=${String(C)}-` };
  const refused = await forebay.get('/a', { headers });
  t.equal(refused.status, 503, describe(refused));
  t.ok(isBusy(refused), describe(refused));
  t.match(refused.headers['retry-after'], /^[1-9]/);
});

function isBusy({ headers }: Got): boolean {
  return String(headers['cache-status']).includes('detail=origin-busy');
}
