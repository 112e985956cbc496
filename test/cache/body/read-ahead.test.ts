import t from 'tap';
import { ReadAhead } from '#src/cache/body/read-ahead.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { bytesOf, fresh, sizeOf } from '../../fixtures/running-origin.js';
import { readView, startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

const CHUNKS = 20;

async function start(t: Parameters<typeof startRoom>[0], lanes: number) {
  const room = await startRoom(t, { objects: { '/a': fresh(1, CHUNKS) }, lanes });
  const generation = await room.open('/a', sizeOf(CHUNKS));
  return { room, generation, want: room.fetchContext('/a') };
}

t.test(
  'the window doubles with each chunk taken, up to its limit and the last chunk',
  async (t) => {
    const { generation, want: fetchContext } = await start(t, 1);
    const ahead = new ReadAhead(generation, fetchContext, 9);
    const opened = (): number[] =>
      Array.from({ length: CHUNKS }, (_, index) => index).filter(
        (index) => generation.flight(index) !== undefined || generation.isHeld(index),
      );
    const windows: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const view = await ahead.take(index, 0);
      await waitUntil(
        `the window behind chunk ${String(index)} is open`,
        () => (opened().at(-1) ?? 0) >= Math.min(9, index + Math.min(2 ** (index + 1) - 1, 3)),
      );
      windows.push((opened().at(-1) ?? 0) - index);
      t.ok(
        (await readView(view, C)).equals(bytesOf(1, CHUNKS).subarray(index * C, (index + 1) * C)),
      );
    }
    t.same(windows, [1, 3, 3, 3, 3, 3, 3, 2, 1, 0]);
    ahead.close();
    generation.release();
  },
);

t.test('queued read-ahead is dropped when its reader leaves; what runs finishes', async (t) => {
  const { room, generation, want: fetchContext } = await start(t, 1);
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: 100, gate });
  const ahead = new ReadAhead(generation, fetchContext, CHUNKS);
  const taking = ahead.take(0, 0);
  await gate.reached;
  ahead.close();
  gate.open();
  await readView(await taking, C);
  generation.release();
  await waitUntil('the generation is idle', () => generation.isIdle);
  t.ok(generation.isHeld(0));
  t.equal(room.origin.bodyBytes, C, 'the next chunk, which waited for the lane, was not fetched');
});

t.test('ReadAhead releases everything but the current chunk under pressure', async (t) => {
  const { room, generation, want: fetchContext } = await start(t, 4);
  const ahead = new ReadAhead(generation, fetchContext, CHUNKS);
  const first = await ahead.take(0, 0);
  const second = await ahead.take(1, 0);
  await waitUntil('chunk 2 is held', () => generation.isHeld(2));
  room.services.pressure.relieve('read-ahead');
  t.ok((await readView(first, C)).equals(bytesOf(1, CHUNKS).subarray(0, C)));
  t.ok((await readView(second, C)).equals(bytesOf(1, CHUNKS).subarray(C, 2 * C)));
  t.ok(
    (await readView(await ahead.take(2, 0), C)).equals(bytesOf(1, CHUNKS).subarray(2 * C, 3 * C)),
  );
  ahead.close();
  generation.release();
});

t.test('a failed read-ahead is retried when its chunk is requested', async (t) => {
  const { room, generation, want: fetchContext } = await start(t, 2);
  const remove = room.origin.script({
    when: ({ range }) => range?.startsWith(`bytes=${String(C)}-`) === true,
    actions: [{ kind: 'status', status: 404 }],
  });
  const ahead = new ReadAhead(generation, fetchContext, 1);
  const first = await ahead.take(0, 0);
  await waitUntil('the origin answered 404', () =>
    room.origin.requests.some(({ status }) => status === 404),
  );
  await waitUntil('the fill of chunk 1 has ended', () => generation.flight(1) === undefined);
  remove();
  await readView(first, C);
  t.ok((await readView(await ahead.take(1, 0), C)).equals(bytesOf(1, CHUNKS).subarray(C, 2 * C)));
  ahead.close();
  generation.release();
});
