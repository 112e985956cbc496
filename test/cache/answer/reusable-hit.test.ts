/** Everything that ends a hit's standing, one by one, over a real cache. */
import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import type { CacheAnswer, ReusableHit } from '#src/cache/api/facade.js';
import { hashWhole } from '../../fixtures/hash-whole.js';
import { parseDigest } from '#src/model/digest.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { Segment } from '#src/model/segment.js';
import { responseKey } from '#src/store/objects/keys.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { type Room, type RoomOptions, startRoom } from '../../fixtures/running-room.js';
import type { ObjectSpec } from '../../fixtures/scripted-origin.js';

async function drained(segments: AsyncIterable<Segment>): Promise<void> {
  for await (const segment of segments) if (segment.kind !== 'bytes') segment.release();
}

async function asked(room: Room, more: object = {}): Promise<CacheAnswer> {
  const answer = await room.cache.lookup(room.request('/a', more));
  await drained(answer.body.read({ start: 0, end: answer.body.lengthBytes ?? Infinity }));
  await answer.body.landed?.();
  answer.body.close();
  return answer;
}

/** A room that has answered `/a`, of two chunks, from what it holds. */
async function stood(t: Test, spec: Partial<ObjectSpec> = {}, options: RoomOptions = {}) {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2, spec) }, ...options });
  await asked(room);
  for (;;) {
    const { outcome, reusable } = await asked(room);
    if (outcome.kind === 'hit') return { room, standing: reusable };
  }
}

function stands(reusable: ReusableHit | undefined): boolean {
  return reusable?.freshnessAt(Date.now()) !== undefined;
}

t.test('ReusableHit: opens the bytes of one chunk, and has an age until it is stale', async (t) => {
  const { standing: reusable } = await stood(t);
  if (reusable === undefined) throw new Error('it does not stand');
  t.equal(reusable.lengthBytes, sizeOf(2));
  t.match(reusable.freshnessAt(Date.now()), { ageSeconds: Number, ttlSeconds: Number });
  t.equal(reusable.freshnessAt(Date.now() + 4_000_000), undefined, 'until it is stale');
  const part = reusable.open(C + 5, C + 25);
  t.match(part, { offset: 5, length: 20 });
  part?.release();
  t.equal(reusable.open(C - 1, C + 1), undefined, 'two chunks');
});

t.test('ReusableHit.body reads the rest of the range without a fetch', async (t) => {
  const { room, standing: reusable } = await stood(t);
  const body = reusable?.body(room.request('/a'));
  if (body === undefined) throw new Error('there is none');
  t.equal(body.lengthBytes, sizeOf(2));
  await drained(body.read({ start: 10, end: sizeOf(2) }));
  t.same(body.cost(), { originBytes: 0, collapsed: false });
  body.close();
  t.equal(room.origin.bodyBytes, bytesOf(1, 2).length, 'nothing was fetched again');
});

t.test('ReusableHit: a change of its record, object or configuration invalidates it', async (t) => {
  const ends: Record<string, (room: Room) => Promise<void> | void> = {
    'its record is replaced': async ({ responses, upstream }) => {
      const key = responseKey('origin', upstream.uriOf('/a'));
      const record = await responses.get(key);
      if (record !== undefined) await responses.update(key, () => ({ ...record }));
    },
    'its record is deleted': ({ responses, upstream }) =>
      responses.delete(responseKey('origin', upstream.uriOf('/a'))),
    'an unsafe request': ({ cache }) =>
      cache.invalidate({ origin: 'origin', target: '/a' }, { status: 200, headers: {} }),
    'its object is purged': (room) => room.cache.purge(room.identity('/a', sizeOf(2))),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { room, standing: reusable } = await stood(t);
    t.ok(stands(reusable), name);
    await end(room);
    t.notOk(stands(reusable), name);
  }
});

t.test('a chunk that was dropped, or is doubted, is not opened', async (t) => {
  const { room, standing: reusable } = await stood(t);
  const object = await room.chunks.openObject(room.identity('/a', sizeOf(2)));
  await room.chunks.drop(object, 1, 'corrupt');
  object.release();
  t.equal(reusable?.open(C, C + 1), undefined);
  const body = reusable?.body(room.request('/a'));
  // A reading that failed: the next one verifies the chunk first.
  const again = body?.read({ start: 0, end: 1 }, 'failure')[Symbol.asyncIterator]();
  const first = again?.next();
  t.equal(reusable?.open(0, 1), undefined);
  const segment = (await first)?.value as Segment | undefined;
  if (segment !== undefined && segment.kind !== 'bytes') segment.release();
  await again?.return?.();
  body?.close();
});

t.test('ReusableHit: a changed representation at the origin invalidates it', async (t) => {
  const { room, standing: reusable } = await stood(t);
  t.ok(stands(reusable));
  room.origin.objects.set('/a', fresh(2, 2, { etag: '"other"' }));
  const headers = toHeaderMap({ 'cache-control': 'no-cache' });
  t.equal((await asked(room, { headers })).outcome.kind, 'forward');
  t.notOk(stands(reusable));
});

t.test('ReusableHit: a strict origin yields none', async (t) => {
  const digest = parseDigest(`blake3:${hashWhole(bytesOf(1, 2))}`);
  if (digest === undefined) throw new Error('no digest');
  const upstream = { integrity: 'strict', digests: [{ pattern: '/**', digest }] } as const;
  const { standing: reusable } = await stood(t, {}, { upstream });
  t.equal(reusable, undefined);
});

t.test('ReusableHit: Vary yields none, except Vary: Accept-Encoding', async (t) => {
  const varied = await stood(t, { fields: { vary: 'accept' } });
  t.equal(varied.standing, undefined);
  const { standing: reusable } = await stood(t, { fields: { vary: 'Accept-Encoding' } });
  t.ok(stands(reusable));
});

t.test('ReusableHit: its head has the same verified digest fields as a lookup', async (t) => {
  const hex = createHash('sha256').update(bytesOf(1, 2)).digest('hex');
  const digest = parseDigest(`sha256:${hex}`);
  if (digest === undefined) throw new Error('no digest');
  const upstream = { digests: [{ pattern: '/**', digest }] };
  const { room, standing: reusable } = await stood(t, {}, { upstream });
  const { headers } = await asked(room);
  t.ok(headers['repr-digest']);
  t.same({ ...reusable?.headers }, { ...headers });
});
