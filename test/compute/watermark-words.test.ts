/** The order in which a growing file is written, as its watermark has it and its waits go by it. */
import t from 'tap';
import { WatermarkWriter } from '#src/compute/watermark.js';
import { FORWARD } from '#src/model/write-order.js';
import { isSettled, makeHub } from '../fixtures/watermarks.js';

void t.test('the shared words hold the order in which a file is written', async (t) => {
  const hub = makeHub(t);
  const order = { start: 600, lengthBytes: 1000 };
  const watermark = hub.create(order);
  t.same([...new BigInt64Array(watermark.shared)].slice(7), [600n, 1000n]);
  t.same(watermark.order, order);
  const writer = new WatermarkWriter(watermark.shared, hub.wakeFds);
  t.same(writer.order, order);
  t.same(new WatermarkWriter(hub.create().shared, []).order, FORWARD);
  const waits = { late: watermark.wait(600), early: watermark.wait(0), last: watermark.wait(599) };
  writer.advance(1);
  await waits.late;
  t.equal(watermark.readableTo(600), 601);
  t.equal(watermark.readableTo(0), 0);
  writer.advance(400);
  t.notOk(await isSettled(waits.early));
  t.equal(watermark.readableTo(600), 1000);
  writer.advance(401);
  await waits.early;
  t.equal(watermark.readableTo(0), 1);
  t.notOk(await isSettled(waits.last));
  writer.advance(1000);
  await waits.last;
  t.same([watermark.readableTo(0), watermark.readableTo(700)], [600, 1000]);
});

void t.test('a writer that moves between two looks leaves no wait pending', async (t) => {
  const watermark = makeHub(t).create({ start: 600, lengthBytes: 1000 });
  let looks = 0;
  Object.defineProperty(watermark, 'available', { get: () => ((looks += 1) > 1 ? 10 : 0) });
  const wait = watermark.wait(600);
  // What a wake does, later than the look that came too early.
  watermark.settle();
  t.ok(await isSettled(wait));
});
