import t from 'tap';
import { Inventory, type ObjectPage, type PageRequest } from '#src/cache/operator/inventory.js';
import { type ObjectSelection, TargetMatcher } from '#src/cache/operator/selection.js';
import { CacheKey } from '#src/store/directory/cache-key.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { readView, type Room, startRoom } from '../../fixtures/running-room.js';

const ALL = { origin: null, pathPrefix: null };

async function listed(
  inventory: Inventory,
  selection: ObjectSelection,
  asked: Partial<PageRequest> = {},
): Promise<ObjectPage> {
  const page = await inventory.list(selection, {
    after: null,
    limit: 100,
    isTrusted: true,
    ...asked,
  });
  if (page === undefined) throw new Error('no such page');
  return page;
}

function inventoryOf(room: Room): Inventory {
  return new Inventory({
    chunks: room.chunks,
    responses: room.responses,
    targets: new TargetMatcher(new Map([[room.upstream.name, room.upstream]])),
    key: CacheKey.random(),
    purges: room.services.purges,
    forget: (identity) => room.cache.purge(identity),
  });
}

async function fetch(room: Room, path: string): Promise<Buffer[]> {
  const answer = await room.cache.lookup(room.request(path));
  const pieces: Buffer[] = [];
  for await (const segment of answer.body.read({ start: 0, end: answer.body.lengthBytes ?? 0 })) {
    if (segment.kind === 'bytes') continue;
    const watermark = segment.kind === 'growing' ? segment.watermark : null;
    const { file, length } = segment;
    const release = segment.release.bind(segment);
    const quiet = { failure: () => undefined, progress: () => ({}) as never };
    pieces.push(await readView({ file, watermark, release, ...quiet }, length));
  }
  await answer.body.landed?.();
  answer.body.close();
  return pieces;
}

t.test('the inventory lists each object once, in pages ordered by URI', async (t) => {
  const names = ['/c', '/a', '/b/1', '/b/2'];
  const objects = Object.fromEntries(names.map((name, seed) => [name, fresh(seed, 1)]));
  const room = await startRoom(t, { objects });
  const inventory = inventoryOf(room);
  for (const name of names) await fetch(room, name);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await listed(inventory, ALL, { after: cursor, limit: 3 });
    seen.push(...page.objects.map(({ target }) => target));
    cursor = page.next;
  } while (cursor !== null);
  t.same(seen, ['/a', '/b/1', '/b/2', '/c']);
  const chosen = { origin: 'origin', pathPrefix: '/b/2' };
  const [one] = (await listed(inventory, chosen)).objects;
  t.match(one, { target: '/b/2', heldBytes: sizeOf(1), heldChunks: 1, attestedBy: null });
  t.type(one?.storedAtMs, 'number');
});

t.test('neither the cursor nor the order of pages reveals queries', async (t) => {
  const names = Array.from(
    { length: 12 },
    (_, index) => `/a?signature=${String(index).padStart(2, '0')}`,
  );
  const objects = Object.fromEntries(['/a', ...names].map((name, seed) => [name, fresh(seed, 1)]));
  const room = await startRoom(t, { objects });
  const inventory = inventoryOf(room);
  for (const name of names) await fetch(room, name);
  const trusted = await listed(inventory, ALL);
  t.same(
    trusted.objects.map(({ target }) => target),
    names,
    'in the order of their URIs',
  );
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page = await listed(inventory, ALL, { after, limit: 5, isTrusted: false });
    seen.push(...page.objects.map(({ target }) => target));
    after = page.next;
    t.notMatch(Buffer.from(after ?? '', 'base64url').toString('latin1'), /signature|origin/);
    if (after !== null)
      t.equal(await inventory.list(ALL, { after, limit: 5, isTrusted: true }), undefined);
  } while (after !== null);
  t.same([...seen].sort(), names, 'each once');
  t.notSame(seen, names, 'in another order');
  for (const made of ['', 'AAAA', Buffer.from('path origin').toString('base64url')]) {
    t.equal(await inventory.list(ALL, { after: made, limit: 5, isTrusted: false }), undefined);
  }
});

t.test('a purge removes the selected objects; a dry run only counts them', async (t) => {
  const objects = { '/a/1': fresh(1, 2), '/a/2': fresh(2, 1), '/b': fresh(3, 1) };
  const room = await startRoom(t, { objects });
  const inventory = inventoryOf(room);
  for (const name of Object.keys(objects)) await fetch(room, name);
  const chosen = { origin: 'origin', pathPrefix: '/a/' };
  const expected = { objects: 2, responses: 2, bytes: sizeOf(2) + sizeOf(1) };
  t.same(await inventory.purge(chosen, true), expected);
  t.equal(room.chunks.usage().chunks, 4, 'all there still');
  t.same(await inventory.purge(chosen, false), expected);
  t.match(room.chunks.usage(), { chunks: 1, objects: 1 });
  t.equal(room.responses.count, 1);
  t.same(await inventory.purge(chosen, false), { objects: 0, responses: 0, bytes: 0 });
  const before = room.origin.bodyBytes;
  t.ok(Buffer.concat(await fetch(room, '/a/1')).equals(bytesOf(1, 2)), 'and it is fetched anew');
  t.equal(room.origin.bodyBytes - before, sizeOf(2));
});

t.test('a reader of a purged object finishes its chunk and then gets the reason', async (t) => {
  const room = await startRoom(t, {
    objects: { '/a': fresh(1, 8) },
    limits: { readAheadChunks: 0 },
  });
  const answer = await room.cache.lookup(room.request('/a'));
  const segments = answer.body.read({ start: 0, end: sizeOf(8) })[Symbol.asyncIterator]();
  const first = await segments.next();
  if (first.done === true || first.value.kind === 'bytes') throw new Error('no segment');
  await inventoryOf(room).purge(ALL, false);
  await t.rejects(Promise.resolve(segments.next()), { code: 'purged', retryable: true });
  first.value.release();
  answer.body.close();
  t.equal(room.chunks.usage().objects, 0);
});

t.test('a response requested before a purge is not stored after it', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1), '/b': fresh(2, 1) } });
  const inventory = inventoryOf(room);
  const gate = createGate();
  room.origin.script({ path: '/a', times: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const under = fetch(room, '/a');
  await gate.reached;
  t.same(await inventory.purge({ origin: null, pathPrefix: '/a' }, false), {
    objects: 0,
    responses: 0,
    bytes: 0,
  });
  gate.open();
  t.ok(Buffer.concat(await under).equals(bytesOf(1, 1)), 'the running request gets its bytes');
  t.same((await listed(inventory, ALL)).objects, [], 'nothing came back');
  const asked = room.origin.requests.length;
  await fetch(room, '/a');
  t.ok(room.origin.requests.length > asked, 'a later request contacts the origin again');
  t.equal((await listed(inventory, ALL)).objects.length, 1, 'and that is stored');
});

t.test('a purge of other paths does not affect running requests', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: -1, gate });
  const under = fetch(room, '/a');
  await gate.reached;
  await inventoryOf(room).purge({ origin: null, pathPrefix: '/b' }, false);
  await inventoryOf(room).purge(ALL, true);
  gate.open();
  await under;
  t.equal((await listed(inventoryOf(room), ALL)).objects.length, 1);
});
