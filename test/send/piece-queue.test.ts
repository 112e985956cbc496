/** What a queue of pieces says of its source; that it sends them is tested with every sender. */
import t from 'tap';
import type { QueuedPiece } from '#src/send/piece-queue.js';
import { PieceQueue } from '#src/send/piece-queue.js';
import { WatermarkRegistry } from '#src/compute/watermark.js';
import { openLine, startPump } from '../fixtures/pumping.js';
import { recognisable, TestFile } from '../fixtures/sending.js';

t.test('PieceQueue names the side that a standstill waits for', async (t) => {
  const pump = startPump(t, 1);
  const hub = new WatermarkRegistry([pump.wakeFd]);
  t.teardown(() => {
    hub.close();
  });
  const bytes = recognisable(1000);
  const file = new TestFile(t, bytes);
  const watermark = hub.create();
  const queueOf = async (): Promise<PieceQueue> =>
    new PieceQueue(pump.begin<QueuedPiece>((await openLine(t)).fd));

  // A notice of a piece that was sent is heard in a later turn: it is the one in progress until
  // then.
  const ofDisk = await queueOf();
  const held = file.segment(0, 1000);
  ofDisk.add(held, { start: 0, end: 1000, watermark: null }, () => undefined);
  t.match(ofDisk.whyStalled(), { code: 'disk', source: 'internal', retryable: false });

  const ofOrigin = await queueOf();
  const growing = file.segment(0, 1000, watermark);
  ofOrigin.add(growing, { start: 0, end: 1000, watermark }, () => undefined);
  t.match(ofOrigin.whyStalled(), { code: 'origin-timeout', source: 'origin' });

  for (const { transfer } of [ofDisk, ofOrigin]) {
    transfer.stop(true);
    await transfer.ended();
  }
});
