import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PullItem } from '#src/cache/operator/pull-item.js';
import { TargetMatcher } from '#src/cache/operator/selection.js';
import { Sweep } from '#src/cache/operator/sweep.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { type Room, startRoom } from '../../fixtures/running-room.js';

const ALL = { origin: null, pathPrefix: null };

async function pull(room: Room, path: string): Promise<void> {
  const target = { url: path, origin: 'origin', target: path };
  await new PullItem(target, room.services, room.cache).run(new AbortController().signal);
}

function chunkFiles(directory: string): string[] {
  const root = join(directory, 'chunks', 'v1');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[0-9a-f]{64}$/.test(name))
    .map((name) => join(root, name));
}

t.test('Sweep: every held chunk is verified; corrupt ones are dropped and listed', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 4), '/b': fresh(2, 2) } });
  for (const path of ['/a', '/b']) await pull(room, path);
  const sweepOf = (id: string, selection = ALL): Sweep =>
    new Sweep(
      id,
      room.services,
      new TargetMatcher(new Map([[room.upstream.name, room.upstream]])),
      selection,
    );
  const clean = sweepOf('1');
  t.match(clean.snapshot(), { state: 'running', chunks: { total: 6, checked: 0 } });
  await clean.run();
  t.match(clean.snapshot(), {
    state: 'done',
    chunks: { total: 6, checked: 6, bad: 0, skipped: 0 },
    checkedBytes: sizeOf(4) + sizeOf(2),
  });
  const [spoiled = ''] = chunkFiles(room.directory);
  writeFileSync(spoiled, 'x', { flag: 'r+' });
  const sweep = sweepOf('2');
  await sweep.run();
  t.match(sweep.snapshot(), { state: 'done', chunks: { total: 6, checked: 6, bad: 1 } });
  t.equal(sweep.snapshot().bad.length, 1);
  t.equal(room.chunks.usage().chunks, 5);
  const before = room.origin.bodyBytes;
  const [bad] = sweep.snapshot().bad;
  await pull(room, bad?.target ?? '');
  t.ok(room.origin.bodyBytes > before, 'the next reader fetches it');
  t.equal(room.chunks.usage().chunks, 6);
  const some = sweepOf('3', { origin: 'origin', pathPrefix: '/b' } as never);
  await some.run();
  t.match(some.snapshot(), { chunks: { total: 2, checked: 2, bad: 0 } });
});

t.test('Sweep: a cancel ends it', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 4) } });
  await pull(room, '/a');
  const sweep = new Sweep(
    '1',
    room.services,
    new TargetMatcher(new Map([[room.upstream.name, room.upstream]])),
    ALL,
  );
  const run = sweep.run();
  sweep.cancel();
  await run;
  t.equal(sweep.state, 'cancelled');
  t.ok(sweep.snapshot().chunks.checked < 4);
});
