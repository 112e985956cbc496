import t from 'tap';
import type { ChunkId, ObjectKey, ResponseKey } from '#src/model/ids.js';
import { isDraftName, isShard, Layout, shardOf } from '#src/store/directory/layout.js';

const ID = 'af13'.padEnd(64, '0');

t.test('the layout equals the example in its file header', (t) => {
  const layout = new Layout('/cache');
  t.equal(layout.format, '/cache/forebay.json');
  t.equal(layout.lock, '/cache/lock');
  t.equal(layout.chunk(ID as ChunkId), `/cache/chunks/v1/af/${ID}`);
  t.equal(layout.manifest(ID as ObjectKey), `/cache/manifests/v1/af/${ID}`);
  t.equal(layout.response(ID as ResponseKey), `/cache/responses/v2/af/${ID}`);
  t.equal(layout.order, '/cache/order/v1');
  t.equal(layout.tmp, '/cache/tmp');
  t.end();
});

t.test('all paths lead through the anchored root and are shown under its own name', (t) => {
  const layout = new Layout('/cache');
  layout.anchor('/proc/self/fd/20');
  t.equal(layout.lock, '/proc/self/fd/20/lock');
  t.equal(layout.chunk(ID as ChunkId), `/proc/self/fd/20/chunks/v1/af/${ID}`);
  for (const path of [...layout.directories, ...layout.outdated, layout.nextDraft()]) {
    t.ok(path.startsWith('/proc/self/fd/20/'), path);
  }
  t.equal(layout.shown(layout.tmp), '/cache/tmp');
  t.equal(layout.shown('/elsewhere'), '/elsewhere');
  t.end();
});

t.test('draft names are unique and recognised as drafts', (t) => {
  const layout = new Layout('/cache');
  const names = [layout.nextDraft(), layout.nextDraft()].map((path) => path.slice(11));
  t.strictSame(names, ['draft-00000001', 'draft-00000002']);
  for (const name of names) t.ok(isDraftName(name));
  for (const name of ['draft-1', 'draft-0000000g', 'important.txt', '..', 'draft-00000001~']) {
    t.notOk(isDraftName(name));
  }
  t.end();
});

t.test('shard names are two hex digits', (t) => {
  t.equal(shardOf(ID), 'af');
  for (const name of ['00', 'af', '9f']) t.ok(isShard(name));
  for (const name of ['', '0', 'AF', '..', 'aff', 'v1']) t.notOk(isShard(name));
  t.end();
});

t.test('directories are listed with parents first', (t) => {
  const { directories } = new Layout('/cache');
  for (const [at, path] of directories.entries()) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    t.ok(parent === '/cache' || directories.indexOf(parent) < at, path);
  }
  t.end();
});
