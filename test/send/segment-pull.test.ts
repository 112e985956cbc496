import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import type { Segment } from '#src/model/segment.js';
import { ClientWatch, GONE } from '#src/send/client-watch.js';
import { SegmentPull } from '#src/send/segment-pull.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { recognisable, TestFile } from '../fixtures/sending.js';
import { Source } from '../contract/segment-sender.js';

function pulling(segments: AsyncIterable<Segment>) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const watch = new ClientWatch(response, new ManualClock(), 1000);
  return { watch, pull: new SegmentPull(segments, watch) };
}

t.test('SegmentPull returns segments in order, then null', async (t) => {
  const file = new TestFile(t, recognisable(10));
  const source = new Source([file.segment(0, 1), file.segment(1, 2)]);
  const { pull } = pulling(source);
  t.match(await pull.next(), { offset: 0 });
  t.match(await pull.next(), { offset: 1 });
  t.equal(await pull.next(), null);
  await pull.close();
  t.equal(source.closed, 1);
});

t.test('SegmentPull closes an iterator that is not at its end', async (t) => {
  const file = new TestFile(t, recognisable(10));
  const source = new Source([file.segment(0, 1), file.segment(1, 2)]);
  const { pull } = pulling(source);
  await pull.next();
  await pull.close();
  t.equal(source.closed, 1);
});

t.test('SegmentPull releases a segment that comes after its wait was cut short', async (t) => {
  const file = new TestFile(t, recognisable(10));
  const late = deferred<Segment>();
  const source = new Source([late.promise]);
  const { watch, pull } = pulling(source);
  const next = pull.next();
  watch.interrupt();
  t.equal(await next, GONE);
  t.equal(watch.end, null, 'for no fault of the client');
  await pull.close();
  t.equal(source.closed, 0, 'closing does not wait for it');
  late.resolve(file.segment(0, 1));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(file.released, 1);
  t.equal(source.closed, 1);
});

t.test('SegmentPull handles failures of the next, of a late one, of closing', async (t) => {
  const boom = new Error('boom');
  const failing = new Source([Promise.reject(boom)]);
  const { pull } = pulling(failing);
  await t.rejects(pull.next(), boom);
  const late = deferred<Segment>();
  const waiting = pulling(new Source([late.promise]));
  const next = waiting.pull.next();
  waiting.watch.finish('client-closed');
  t.equal(await next, GONE);
  late.reject(boom);
  const { pull: closing } = pulling({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => Promise.reject(boom),
    }),
  });
  await closing.close();
});
