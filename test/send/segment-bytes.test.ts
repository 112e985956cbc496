import t from 'tap';
import {
  advanced,
  type FileSegment,
  readableEnd,
  readSegment,
  releaseSegment,
} from '#src/send/segment-bytes.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { recognisable, TestFile, TestWatermark } from '../fixtures/sending.js';

t.test('readableEnd returns how far a segment may be read', (t) => {
  const file = new TestFile(t, recognisable(100));
  const watermark = new TestWatermark();
  t.equal(readableEnd(file.segment(10, 50) as FileSegment, 10), 60);
  const growing = file.segment(10, 50, watermark) as FileSegment;
  t.equal(readableEnd(growing, 10), null);
  watermark.advance(10);
  t.equal(readableEnd(growing, 10), null, 'what is available lies before it');
  watermark.advance(30);
  t.equal(readableEnd(growing, 10), 30);
  t.equal(readableEnd(growing, 30), null);
  watermark.advance(30, 'failed');
  t.equal(readableEnd(growing, 20), 30, 'what was released may still be sent');
  t.throws(() => readableEnd(growing, 30), { code: 'internal', retryable: true });
  watermark.advance(30, 'complete');
  t.throws(() => readableEnd(growing, 30), { code: 'disk', retryable: true });
  watermark.advance(90, 'complete');
  t.equal(readableEnd(growing, 30), 60, 'never past its end');
  t.end();
});

t.test('a watermark that completes while it is read never looks short', (t) => {
  const file = new TestFile(t, recognisable(100));
  // Each look at it finds it further on: growing at 10, then complete at 100.
  let looks = 0;
  const racing = {
    readableTo() {
      return (looks += 1) > 1 ? 100 : 10;
    },
    get state() {
      return (looks += 1) > 1 ? ('complete' as const) : ('growing' as const);
    },
    receivedBytes: 0,
    wait: () => Promise.resolve(),
  };
  t.equal(readableEnd(file.segment(0, 100, racing) as FileSegment, 10), 100);
  t.end();
});

t.test('reads the requested bytes, and reports why it cannot', async (t) => {
  const bytes = recognisable(100);
  const file = new TestFile(t, bytes);
  const segment = file.segment(0, 200) as FileSegment;
  const buffer = Buffer.alloc(64);
  t.equal(await readSegment(segment, buffer, 10, 20), 10);
  t.ok(buffer.subarray(0, 10).equals(bytes.subarray(10, 20)));
  t.equal(await readSegment(segment, buffer, 0, 200), 64, 'a buffer full');
  t.equal(await readSegment(segment, buffer, 90, 200), 10, 'what there is');
  await t.rejects(readSegment(segment, buffer, 100, 200), { code: 'disk', retryable: true });
  const noFile = { fd: 1_000_000, retain: () => undefined, release: () => undefined };
  const closed: FileSegment = {
    kind: 'file',
    file: noFile,
    offset: 0,
    length: 1,
    release: () => undefined,
  };
  await t.rejects(readSegment(closed, buffer, 0, 1), { code: 'disk', message: /EBADF/ });
});

t.test('every segment that needs it is released', (t) => {
  const file = new TestFile(t, recognisable(1));
  releaseSegment({ kind: 'bytes', bytes: new Uint8Array() });
  releaseSegment(file.segment(0, 1));
  t.equal(file.released, 1);
  t.end();
});

t.test('a wait continues while bytes come for the file, and ends when none do', async (t) => {
  const clock = new ManualClock();
  const watermark = new TestWatermark();
  let end: unknown = 'waiting';
  const wait = advanced(watermark, 100, { clock, sourceIdleTimeoutMs: 1000 }).then(
    () => (end = 'moved'),
    (error: unknown) => (end = error),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (const receivedBytes of [1, 2, 3]) {
    watermark.receivedBytes = receivedBytes;
    clock.advance(1000);
    await turn();
    t.equal(end, 'waiting', 'bytes before the wanted one');
  }
  clock.advance(1000);
  await wait;
  t.match(end, { code: 'origin-timeout' });
  const other = advanced(watermark, 100, { clock, sourceIdleTimeoutMs: 1000 });
  watermark.advance(101);
  await other;
  t.equal(clock.pendingTimers, 0);
});
