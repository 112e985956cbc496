/** Traces across the whole program: from a client through Forebay to the origin and a collector. */
import t from 'tap';
import { parseTraceparent } from '#src/model/trace-context.js';
import { startCollector } from '../fixtures/collector.js';
import { RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import { Gate } from '../fixtures/scripted-origin.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

t.test('without a collector the trace is propagated unchanged with every fetch', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3), '/b': fresh(2, 1) });
  const forebay = await startForebay(t, { origin });
  const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1' };
  t.ok((await forebay.get('/a', { headers })).body.equals(bytesOf(1, 3)));
  t.equal(origin.requests.length, 3, 'a contact and two fills');
  for (const { headers: sent } of origin.requests) t.match(sent, headers);

  const malformed = { traceparent: `00-${'0'.repeat(32)}-1-01`, tracestate: 'vendor=1' };
  t.equal((await forebay.get('/b', { headers: malformed })).status, 200);
  const sent = origin.requests.at(-1)?.headers ?? {};
  t.notOk('traceparent' in sent || 'tracestate' in sent, 'what is malformed is ignored');
});

t.test("with a collector the origin continues the fill's span, it the client's", async (t) => {
  const collector = await startCollector(t);
  const origin = await runOrigin(t, { '/a?token=hush': fresh(1, 2) });
  const forebay = await startForebay(t, { origin, tracing: { endpoint: collector.url } });
  const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1' };
  await forebay.get('/a?token=hush', { headers });
  await forebay.holds(2);
  await forebay.get('/a?token=hush');
  await forebay.stop();
  const [first, second] = collector.named('request');
  t.match(first, {
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    attributes: { 'http.response.status_code': 200, 'forebay.result': 'miss', 'url.path': '/a' },
  });
  t.match(second, { attributes: { 'forebay.result': 'hit' } });
  t.not(second?.traceId, TRACE, 'a trace of its own');
  t.equal(collector.named('lookup').length, 2);
  const fills = collector.named('fill');
  t.equal(fills.length, 2);
  for (const fill of fills) t.match(fill, { traceId: TRACE, parentSpanId: first?.spanId });
  t.same(
    origin.requests.map((request) => parseTraceparent(request.headers['traceparent'] ?? '')),
    fills.map(({ spanId }) => ({ traceId: TRACE, parentId: spanId, sampled: true })),
  );
  t.equal(origin.requests[0]?.headers['tracestate'], 'vendor=1');
  t.notMatch(JSON.stringify(collector.spans), /hush/, 'queries may sign');
});

t.test('a fill shared by two requests is a child of one and linked to the other', async (t) => {
  const collector = await startCollector(t);
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const forebay = await startForebay(t, {
    origin,
    fill: { readAheadChunks: 0 },
    tracing: { endpoint: collector.url },
  });
  await forebay.range('/a', 0, 10);
  await forebay.holds(1);
  const gate = new Gate();
  origin.script({ times: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const leader = forebay.range('/a', C, C + 2000);
  await gate.reached;
  const follower = forebay.range('/a', C, C + 2000);
  await forebay.until((found) => found.get('forebay_inflight_requests') === 2);
  gate.open();
  await Promise.all([leader, follower]);
  await forebay.holds(2);
  await forebay.stop();
  const [shared, ...others] = collector
    .named('fill')
    .filter(({ attributes }) => attributes['forebay.chunk'] === 1);
  t.same(others, []);
  const linked = collector.named('request').filter(({ links }) => links.length > 0);
  t.match(linked, [{ links: [{ traceId: shared?.traceId, spanId: shared?.spanId }] }]);
  t.not(linked[0]?.traceId, shared?.traceId);
});

t.test('an unreachable collector costs nothing but its spans', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const collector = await startCollector(t, (response) => response.writeHead(400).end());
  const forebay = await startForebay(t, { origin, tracing: { endpoint: collector.url } });
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 1)));
  await forebay.stop();
  t.ok(collector.spans.length > 0, 'it was asked, and refused');
});
