/** Which metadata gives way, to what, and what one more file costs. */
import t, { type Test } from 'tap';
import { Directories } from '#src/store/space/directories.js';
import { Layout } from '#src/store/directory/layout.js';
import { Ledger } from '#src/store/space/ledger.js';
import { Metadata, type MetadataFile, type Worth } from '#src/store/space/metadata.js';
import { eventually } from '../../fixtures/store-eventually.js';

const FILE_BYTES = 8192;

interface FakeFile extends MetadataFile {
  readonly kind: 'manifest';
  readonly name: string;
  worth: Worth;
  isBusy: boolean;
  isThere: boolean;
}

/** A share with room for so many files, no directories, and a disk that is quick, or refuses. */
function setUp(t: Test, files: number, refuses = false) {
  const ledger = new Ledger(1e12);
  const evicted: string[] = [];
  let asked = 0;
  const directories = new Directories(new Layout(t.testdirName), ledger);
  const events = {
    metadataEvicted: (kind: string): void => {
      evicted.push(kind);
    },
  };
  const metadata = new Metadata({ ledger, directories, events }, files * FILE_BYTES);
  const gone: string[] = [];
  metadata.own<FakeFile>('manifest', {
    cost: ({ isThere }) => (isThere ? FILE_BYTES : 0),
    isBusy: ({ isBusy }) => isBusy,
    worth: ({ worth }) => worth,
    evict: async (file) => {
      asked += 1;
      await Promise.resolve();
      if (refuses || file.isBusy) return false;
      file.isThere = false;
      ledger.release('metadata', FILE_BYTES);
      gone.push(file.name);
      return true;
    },
  });
  const add = (name: string, more: Partial<FakeFile> = {}): FakeFile => {
    metadata.makeRoom(FILE_BYTES);
    const file = {
      kind: 'manifest',
      name,
      worth: 'passing',
      isBusy: false,
      isThere: true,
      ...more,
    } as FakeFile;
    ledger.charge('metadata', FILE_BYTES);
    metadata.add(file);
    return file;
  };
  const settled = (): Promise<boolean> =>
    eventually(() => metadata.usedBytes <= files * FILE_BYTES);
  return { metadata, add, gone, evicted, settled, asked: () => asked };
}

t.test('the least recently used entry is evicted and counted', async (t) => {
  const { metadata, add, gone, evicted, settled } = setUp(t, 3);
  const [a] = [add('a'), add('b'), add('c')];
  metadata.touch(a);
  add('d');
  t.ok(await settled());
  t.same(gone, ['b']);
  t.same(evicted, ['manifest']);
  await metadata.close();
});

t.test('an entry in use stays and counts as used', async (t) => {
  const { metadata, add, gone, settled } = setUp(t, 3);
  const a = add('a', { isBusy: true });
  add('b');
  add('c');
  add('d');
  t.ok(await settled());
  t.same(gone, ['b']);
  a.isBusy = false;
  add('e');
  t.ok(await settled());
  t.same(gone, ['b', 'c'], 'it is not the coldest any more');
  await metadata.close();
});

t.test('the share is exceeded while every entry is in use', async (t) => {
  const { metadata, add, settled } = setUp(t, 2);
  const files = ['a', 'b', 'c', 'd'].map((name) => add(name, { isBusy: true }));
  t.equal(metadata.usedBytes, 4 * FILE_BYTES);
  for (const file of files) file.isBusy = false;
  metadata.trim();
  t.ok(await settled());
  await metadata.close();
});

t.test('a scan of passing entries evicts no lasting one, and a pinned one last', async (t) => {
  const { metadata, add, gone } = setUp(t, 10);
  add('weights', { worth: 'lasting' });
  add('pinned', { worth: 'pinned' });
  for (let index = 0; index < 1000; index += 1) add(`tiny-${String(index)}`);
  await metadata.close();
  t.ok(gone.length > 900);
  t.notOk(gone.includes('weights') || gone.includes('pinned'));
});

t.test('lasting entries keep half of the share', async (t) => {
  const { metadata, add, gone, settled } = setUp(t, 10);
  for (let index = 0; index < 5; index += 1) add(`tiny-${String(index)}`);
  for (let index = 0; index < 50; index += 1) {
    add(`weights-${String(index)}`, { worth: 'lasting' });
    await settled();
  }
  t.ok(gone.includes('weights-0'), 'the coldest of them went');
  t.ok(gone.filter((name) => name.startsWith('tiny')).length < 5);
  await metadata.close();
});

t.test('an entry that lost worth is evicted first, one that gained worth stays', async (t) => {
  const { metadata, add, gone, settled } = setUp(t, 4);
  const weights = add('weights', { worth: 'lasting' });
  const grown = add('grown');
  grown.worth = 'lasting';
  weights.worth = 'passing';
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    add(name);
    await settled();
  }
  t.ok(gone.includes('weights'));
  t.notOk(gone.includes('grown'));
  await metadata.close();
});

t.test('a lower share is reached later; a failing disk is not retried for ever', async (t) => {
  const { metadata, add, gone, settled } = setUp(t, 100);
  for (let index = 0; index < 100; index += 1) add(String(index));
  metadata.resize(10 * FILE_BYTES);
  t.ok(gone.length < 20, 'not all at once');
  t.ok(await eventually(() => metadata.usedBytes <= 10 * FILE_BYTES));
  t.equal(gone.length, 90);
  t.ok(await settled());
  await metadata.close();
  const broken = setUp(t, 10, true);
  for (let index = 0; index < 20; index += 1) broken.add(String(index));
  await broken.metadata.close();
  t.ok(broken.asked() < 500, String(broken.asked()));
  t.equal(broken.gone.length, 0);
});

/** The least time of some rounds for a hundred more files, ms, where there are `count` already. */
async function costOfMore(t: Test, count: number): Promise<number> {
  const { metadata, add } = setUp(t, count);
  for (let index = 0; index < count; index += 1) add(String(index));
  let least = Infinity;
  for (let round = 0; round < 15; round += 1) {
    const before = performance.now();
    for (let index = 0; index < 100; index += 1) add(`more-${String(index)}`);
    least = Math.min(least, performance.now() - before);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await metadata.close();
  return least;
}

t.test('the cost of one more entry does not grow with their number', async (t) => {
  const few = await costOfMore(t, 20_000);
  const many = await costOfMore(t, 80_000);
  t.ok(many < 3 * few, `${many.toFixed(3)} ms of ${few.toFixed(3)}`);
});
