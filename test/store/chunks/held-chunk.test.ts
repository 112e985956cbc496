import { openSync } from 'node:fs';
import t from 'tap';
import { ChunkEntry } from '#src/store/chunks/chunk-index.js';
import { HeldFile, Lease } from '#src/store/chunks/held-chunk.js';
import { CountedFile, OpenFiles } from '#src/store/chunks/open-files.js';
import { chunkOf } from '../../fixtures/store-chunks.js';

t.test('a lease counts once, however often it is released', (t) => {
  const { record } = chunkOf('leased', 0, 10);
  const entry = new ChunkEntry(record.id, 10);
  const [a, b] = [new Lease(entry), new Lease(entry)];
  t.equal(entry.leases, 2);
  a.release();
  a.release();
  t.equal(entry.leases, 1);
  t.ok(entry.isBusy);
  b.release();
  t.notOk(entry.isBusy);
  t.end();
});

t.test('a held chunk releases file and lease once', (t) => {
  const { record } = chunkOf('held', 0, 10);
  const entry = new ChunkEntry(record.id, 10);
  const file = new CountedFile(openSync(t.testdir({}), 'r'), new OpenFiles());
  file.retain();
  const held = new HeldFile(entry, record, file, new Lease(entry));
  t.equal(held.verified, false);
  held.markVerified();
  t.equal(held.verified, true);
  t.equal(entry.verifiedAs, file.identity);
  held.release();
  held.release();
  t.ok(file.inUse, 'the other user has it still');
  t.equal(entry.leases, 0);
  file.release();
  t.end();
});
