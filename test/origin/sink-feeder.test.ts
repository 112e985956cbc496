import fc from 'fast-check';
import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import { SinkFeeder } from '#src/origin/sink-feeder.js';
import { CollectingSink, type SinkOptions } from '../fixtures/origin-sink.js';
import { waitUntil } from '../fixtures/wait-until.js';

function feed(options: SinkOptions = {}) {
  const sink = new CollectingSink(options);
  const seen: string[] = [];
  const errors: unknown[] = [];
  const feeder = new SinkFeeder(sink, {
    paused: () => seen.push('paused'),
    drained: () => seen.push('drained'),
    failed: (error) => errors.push(error),
  });
  return { sink, feeder, seen, errors };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

void t.test('property: any pieces, space and waits give the same bytes in order', async (t) => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
  const waits = fc.infiniteStream(fc.boolean());
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 20 }), waits, async (given, size, wait) => {
      const { sink, feeder, errors } = feed({
        spaceBytes: size,
        onFilled: () => (wait.next().value === true ? turn().then(() => undefined) : undefined),
      });
      for (const piece of given) {
        const reused = Uint8Array.from(piece);
        feeder.push(reused);
        reused.fill(0); // the caller reads the next bytes into the same memory
      }
      await waitUntil('the feeder is idle', () => feeder.idle);
      t.ok(sink.bytes.equals(Buffer.concat(given)));
      t.equal(sink.calledWhilePending, 0);
      t.equal(errors.length, 0);
    }),
    { numRuns: 60 },
  );
});

void t.test('SinkFeeder gives no space while bytes or promises are pending', async (t) => {
  const gate = deferred<undefined>();
  const { feeder, seen } = feed({ onFilled: () => gate.promise });
  t.ok(feeder.space());
  feeder.landed(10);
  t.equal(feeder.space(), undefined);
  t.strictSame(seen, ['paused']);
  gate.resolve(undefined);
  await turn();
  t.strictSame(seen, ['paused', 'drained']);
  t.ok(feeder.space());
});

void t.test('SinkFeeder bounds the bytes that come during a pause', (t) => {
  const { feeder, errors } = feed({ onFilled: () => new Promise(() => undefined) });
  const mebibyte = new Uint8Array(1024 * 1024);
  feeder.landed(1);
  for (let i = 0; i < 4; i++) feeder.push(mebibyte);
  t.equal(errors.length, 0);
  feeder.push(mebibyte);
  t.match(errors, [{ code: 'origin-protocol' }]);
  feeder.push(mebibyte);
  t.equal(errors.length, 1, 'reported once');
  t.end();
});

void t.test('SinkFeeder passes nothing on after a stop', async (t) => {
  const gate = deferred<undefined>();
  const { sink, feeder, seen } = feed({ spaceBytes: 4, onFilled: () => gate.promise });
  feeder.push(Buffer.from('abcdefgh'));
  feeder.stop();
  gate.resolve(undefined);
  await turn();
  feeder.push(Buffer.from('x'));
  feeder.landed(1);
  t.equal(sink.bytes.toString(), 'abcd');
  t.strictSame(seen, ['paused']);
});
