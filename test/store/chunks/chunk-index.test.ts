import fc from 'fast-check';
import t from 'tap';
import type { ChunkId, ObjectKey } from '#src/model/ids.js';
import { ChunkEntry, ChunkIndex, type Owner } from '#src/store/chunks/chunk-index.js';

const idOf = (name: number) => name.toString(16).padStart(64, '0') as ChunkId;
const owner = (pinned = false): Owner => ({
  key: idOf(99) as string as ObjectKey,
  pinned,
  held: { chunks: 0, bytes: 0 },
});
const ORDINARY = owner();

function entryOf(name: number, owners: Owner[] = [ORDINARY], lengthBytes = 4096): ChunkEntry {
  const entry = new ChunkEntry(idOf(name), lengthBytes);
  entry.owners = owners;
  return entry;
}

const order = (index: ChunkIndex) =>
  [...index.coldestFirst()].map((entry) => parseInt(entry.id, 16));

t.test('eviction order: orphans first, pinned last, each by last use', (t) => {
  const index = new ChunkIndex();
  const entries = [
    entryOf(1, [owner(true)]),
    entryOf(2),
    entryOf(3, []),
    entryOf(4),
    entryOf(5, []),
  ];
  for (const entry of entries) index.add(entry);
  t.strictSame(order(index), [3, 5, 2, 4, 1]);
  for (const entry of entries.slice(0, 3)) index.touch(entry);
  t.strictSame(order(index), [5, 3, 4, 2, 1]);
  t.equal(index.orphans, 2);
  t.equal(index.size, 5);
  t.end();
});

t.test('a chunk moves between the lists with its owners', (t) => {
  const index = new ChunkIndex();
  const [entry, other, pinned] = [entryOf(1, []), entryOf(2), owner(true)];
  index.add(entry);
  index.add(other);
  index.own(entry, ORDINARY);
  index.own(entry, ORDINARY);
  t.strictSame(order(index), [2, 1]);
  index.own(other, pinned);
  t.strictSame(order(index), [1, 2]);
  index.disown(other, pinned);
  index.disown(other, pinned);
  index.disown(other, ORDINARY);
  t.strictSame(order(index), [2, 1]);
  t.equal(index.orphans, 1);
  t.end();
});

t.test('victims are the coldest that are not busy, and as many as it takes', (t) => {
  const index = new ChunkIndex();
  const entries = [1, 2, 3, 4].map((name) => entryOf(name));
  for (const entry of entries) index.add(entry);
  const [first] = entries;
  if (first !== undefined) first.leases += 1;
  const names = (bytes: number) => index.victims(bytes)?.map((entry) => parseInt(entry.id, 16));
  t.strictSame(names(0), []);
  t.strictSame(names(1), [2]);
  t.strictSame(names(8193), [2, 3]);
  t.strictSame(names(3 * 8192), [2, 3, 4]);
  t.equal(names(3 * 8192 + 1), undefined);
  t.equal(index.size, 4, 'choosing takes nothing out');
  t.end();
});

t.test('an entry differs from a later one of its id', (t) => {
  const index = new ChunkIndex();
  const [old, young] = [entryOf(1), entryOf(1)];
  index.add(old);
  index.delete(old);
  index.add(young);
  index.delete(old);
  t.notOk(index.has(old));
  t.ok(index.has(young));
  t.equal(index.get(idOf(1)), young);
  t.end();
});

t.test('property: the order equals that of a plain list', (t) => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'touch', 'delete'),
    name: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const index = new ChunkIndex();
      let model: number[] = [];
      for (const { kind, name } of steps) {
        const entry = index.get(idOf(name));
        const without = model.filter((other) => other !== name);
        if (kind === 'add' && entry === undefined) {
          index.add(entryOf(name));
          model = [...without, name];
        } else if (kind === 'touch' && entry !== undefined) {
          index.touch(entry);
          model = [...without, name];
        } else if (kind === 'delete' && entry !== undefined) {
          index.delete(entry);
          model = without;
        }
        t.strictSame(order(index), model);
      }
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('the revision changes when a snapshot is out of date', (t) => {
  const index = new ChunkIndex();
  const entry = entryOf(1);
  const seen = new Set([index.revision]);
  for (const change of ['add', 'touch', 'delete'] as const) {
    index[change](entry);
    seen.add(index.revision);
  }
  t.equal(seen.size, 4);
  index.touch(entry);
  index.delete(entry);
  t.equal(seen.has(index.revision), true, 'nothing changed');
  t.end();
});

t.test('an owner that becomes pinned moves its chunks, and back', (t) => {
  const index = new ChunkIndex();
  const owner = { key: 'k' as ObjectKey, pinned: false, held: { chunks: 0, bytes: 0 } };
  const another = { key: 'o' as ObjectKey, pinned: false, held: { chunks: 0, bytes: 0 } };
  const [mine, other] = [entryOf(1, []), entryOf(2, [])];
  for (const entry of [mine, other]) {
    index.add(entry);
    index.own(entry, entry === mine ? owner : another);
  }
  const order = () => [...index.coldestFirst()];
  index.repin(owner, true, [mine, other]);
  t.equal(mine.tier, 'pinned');
  t.equal(other.tier, 'ordinary');
  t.strictSame(order(), [other, mine]);
  index.repin(owner, false, [mine]);
  t.equal(mine.tier, 'ordinary');
  t.strictSame(mine.owners, [owner]);
  t.end();
});
