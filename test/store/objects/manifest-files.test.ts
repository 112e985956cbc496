/** Manifest files through a store: in step with the books, whatever ends them. */
import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { objectKey } from '#src/store/objects/keys.js';
import { Layout } from '#src/store/directory/layout.js';
import { chunkOf, identityOf, storeAndRelease } from '../../fixtures/store-chunks.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { openTestStore } from '../../fixtures/store-opening.js';

const IDENTITY = identityOf('model', 10);

t.test('the size of a manifest counts as metadata while it exists', async (t) => {
  const layout = new Layout(t.testdir({}));
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  t.equal(chunks.usage().metadataBytes, 0);
  await storeAndRelease(chunks, object, chunkOf('model', 0, 10));
  t.ok(existsSync(layout.manifest(objectKey(IDENTITY))));
  const taken = chunks.usage().metadataBytes;
  t.ok(taken > 0 && taken < chunks.usage().usedBytes);
  await chunks.remove(object, 'purged');
  t.notOk(existsSync(layout.manifest(objectKey(IDENTITY))));
  t.equal(chunks.usage().metadataBytes, taken - 8192, 'its directory stays');
});

t.test('an unreadable manifest is deleted, a missing one has no effect', async (t) => {
  const layout = new Layout(t.testdir({}));
  const { chunks } = await openTestStore(t);
  const path = layout.manifest(objectKey(IDENTITY));
  for (const damage of [
    () => {
      writeFileSync(path, 'torn');
    },
    () => {
      unlinkSync(path);
    },
  ]) {
    const object = await chunks.openObject(IDENTITY);
    await storeAndRelease(chunks, object, chunkOf('model', 0, 10));
    object.release();
    const identity = identityOf('other', 10);
    t.ok(await eventually(() => chunks.usage().objects >= 1));
    (await chunks.openObject(identity)).release();
    damage();
    const again = await chunks.openObject(IDENTITY);
    t.equal(again.record(0), undefined);
    t.notOk(existsSync(path));
    t.ok(await storeAndRelease(chunks, again, chunkOf('model', 0, 10)));
    again.release();
    (await chunks.openObject(identity)).release();
  }
});
