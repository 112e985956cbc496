import t from 'tap';
import type { Segment } from '#src/model/segment.js';
import { Cost } from '#src/cache/flight/cost.js';
import { HELD_PROGRESS } from '#src/cache/flight/flight-progress.js';
import { RepresentationBody } from '#src/cache/body/reader.js';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { readView, type Room, startRoom } from '../../fixtures/running-room.js';
import { waitUntil } from '../../fixtures/wait-until.js';

async function bodyOf(room: Room, chunks: number) {
  const generation = await room.open('/a', sizeOf(chunks));
  const body = new RepresentationBody(generation, room.fetchContext('/a'), new Cost());
  generation.release();
  return { generation, body };
}

async function content(segments: AsyncIterable<Segment>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const segment of segments) {
    if (segment.kind === 'bytes') throw new Error('bytes come in files');
    const { file, offset, length } = segment;
    const watermark = segment.kind === 'growing' ? segment.watermark : null;
    const view = {
      file,
      watermark,
      failure: () => undefined,
      progress: () => HELD_PROGRESS,
      release: segment.release.bind(segment),
    };
    pieces.push((await readView(view, offset + length)).subarray(offset));
  }
  return Buffer.concat(pieces);
}

t.test('a body yields the segments of its range in order, one per chunk', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 4) } });
  const { body } = await bodyOf(room, 4);
  t.equal(body.lengthBytes, sizeOf(4));
  t.ok(body.acceptsRanges);
  const range = { start: C - 5, end: 3 * C + 7 };
  t.ok((await content(body.read(range))).equals(bytesOf(1, 4).subarray(range.start, range.end)));
  t.ok(
    (await content(body.read({ start: 2 * C, end: Infinity }))).equals(
      bytesOf(1, 4).subarray(2 * C),
    ),
  );
  t.equal((await content(body.read({ start: 5, end: 5 }))).length, 0);
  body.close();
});

t.test('a body fetches no chunk beyond its range', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 8) } });
  const { body } = await bodyOf(room, 8);
  await content(body.read({ start: C, end: 2 * C }));
  body.close();
  t.equal(room.origin.bodyBytes, C);
});

t.test('a closed body releases the chunks opened ahead, and counts one close', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 8) } });
  const { generation, body } = await bodyOf(room, 8);
  for await (const segment of body.read({ start: 0, end: sizeOf(8) })) {
    if (segment.kind !== 'bytes') segment.release();
    break;
  }
  body.close();
  body.close();
  await waitUntil('the generation is idle', () => generation.isIdle);
  t.ok(room.origin.bodyBytes < sizeOf(8), 'the rest was not fetched');
});

t.test('a slow reader of an object of unknown length gets each byte once', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 6, { ranges: false }) });
  origin.script({ actions: [{ kind: 'close-delimited' }] });
  const forebay = await startForebay(t, { origin });
  const first = forebay.open('/a');
  const [slow, fast] = [await first, await forebay.get('/a')];
  t.ok(fast.body.equals(bytesOf(1, 6)), describe(fast));
  const pieces: Buffer[] = [];
  // Readable by now from the store, while the response began on a stream.
  for await (const piece of slow.response) pieces.push(piece as Buffer);
  t.ok(Buffer.concat(pieces).equals(bytesOf(1, 6)));
});
