import t from 'tap';
import { parseTraceparent } from '#src/model/trace-context.js';
import { startTracing, STOP_WAIT_MS, type TracingOptions } from '#src/telemetry/tracing.js';
import { type Collector, startCollector } from '../fixtures/collector.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const CLIENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7' };

async function start(collector: Pick<Collector, 'url'>, more: Partial<TracingOptions> = {}) {
  const clock = new ManualClock();
  const exports: [string, number][] = [];
  const tracing = await startTracing({
    endpoint: collector.url,
    sampleRatio: 1,
    version: '1.2.3',
    clock,
    exported: (...told) => exports.push(told),
    ...more,
  });
  return { tracing, clock, exports };
}

t.test("a request span continues the client's trace and has its parts as children", async (t) => {
  const collector = await startCollector(t);
  const { tracing, exports } = await start(collector);
  const request = tracing.request({ ...CLIENT, sampled: true });
  const fill = request.child('fill', { 'forebay.chunk': 3 });
  t.equal(request.traceId, CLIENT.traceId);
  fill.end({ 'forebay.origin_bytes': 10 }, 'origin-reset');
  request.end({ 'http.response.status_code': 200 });
  await tracing.stop();
  t.same(collector.paths, ['/v1/traces']);
  t.match(collector.resource, { 'service.name': 'forebay', 'service.version': '1.2.3' });
  const [child] = collector.named('fill');
  const [parent] = collector.named('request');
  t.match(parent, { traceId: CLIENT.traceId, parentSpanId: CLIENT.parentId, kind: 2 });
  t.match(child, {
    traceId: CLIENT.traceId,
    parentSpanId: parent?.spanId,
    kind: 3,
    attributes: { 'forebay.chunk': 3, 'forebay.origin_bytes': 10 },
    status: { code: 2, message: 'origin-reset' },
  });
  t.same(parseTraceparent(fill.traceparent), {
    traceId: CLIENT.traceId,
    parentId: child?.spanId,
    sampled: true,
  });
  t.same(exports, [['exported', 2]]);
});

t.test("a request that waits for another's work is linked to it, in its own trace", async (t) => {
  const collector = await startCollector(t);
  const { tracing } = await start(collector);
  const [leader, follower] = [tracing.request(null), tracing.request(null)];
  t.not(leader.traceId, follower.traceId);
  const fill = leader.child('fill', {});
  follower.link(fill);
  for (const span of [fill, leader, follower]) span.end();
  await tracing.stop();
  const [collected] = collector.named('fill');
  const linked = collector.spans.filter(({ links }) => links.length > 0);
  t.match(linked, [
    { traceId: follower.traceId, links: [{ traceId: leader.traceId, spanId: collected?.spanId }] },
  ]);
});

t.test('an unsampled span is not exported but has its ids', async (t) => {
  const collector = await startCollector(t);
  const { tracing } = await start(collector, { sampleRatio: 0 });
  const own = tracing.request(null);
  const refused = tracing.request({ ...CLIENT, sampled: false });
  const wanted = tracing.request({ ...CLIENT, sampled: true });
  t.match(own.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  for (const span of [own, refused, wanted]) span.end();
  await tracing.stop();
  t.equal(collector.spans.length, 1, 'the client decides about its own trace');
});

t.test('a collector that never answers delays a stop by a bound only', async (t) => {
  const collector = await startCollector(t, () => undefined);
  const { tracing, clock } = await start(collector);
  tracing.request(null).end();
  const stopped = tracing.stop();
  clock.advance(STOP_WAIT_MS);
  await stopped;
  t.equal(clock.pendingTimers, 0);
});

t.test('refused spans are counted', async (t) => {
  const collector = await startCollector(t, (response) => response.writeHead(400).end());
  const { tracing, exports } = await start(collector);
  tracing.request(null).end();
  await tracing.stop();
  t.same(exports, [['dropped', 1]]);
});
