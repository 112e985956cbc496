import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { parseTraceparent, takeTraceContext } from '#src/model/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

t.test('a traceparent of version 00 is parsed', async (t) => {
  t.same(parseTraceparent(`00-${TRACE}-${PARENT}-01`), {
    traceId: TRACE,
    parentId: PARENT,
    sampled: true,
  });
  t.equal(parseTraceparent(`00-${TRACE}-${PARENT}-00`)?.sampled, false);
  t.equal(parseTraceparent(`00-${TRACE}-${PARENT}-03`)?.sampled, true, 'other flags do not matter');
});

t.test('a later version may say more, version 00 may not', async (t) => {
  t.ok(parseTraceparent(`cc-${TRACE}-${PARENT}-01-what-the-future-brings`));
  t.ok(parseTraceparent(`cc-${TRACE}-${PARENT}-01`));
  t.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-01.x`), null);
  t.equal(parseTraceparent(`00-${TRACE}-${PARENT}-01-x`), null);
});

t.test('malformed traceparent fields are ignored', async (t) => {
  for (const malformed of [
    '',
    'x',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-0g`,
    ` 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
  ]) {
    t.equal(parseTraceparent(malformed), null, malformed);
  }
});

t.test('an invalid traceparent is not forwarded, nor tracestate without one', async (t) => {
  const good = toHeaderMap({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b', x: '1' });
  t.equal(takeTraceContext(good)?.traceId, TRACE);
  t.same(Object.keys(good), ['traceparent', 'tracestate', 'x']);
  const bad = toHeaderMap({ traceparent: 'nonsense', tracestate: 'a=b', x: '1' });
  t.equal(takeTraceContext(bad), null);
  t.same(Object.keys(bad), ['x']);
  const alone = toHeaderMap({ tracestate: 'a=b' });
  t.equal(takeTraceContext(alone), null);
  t.same(Object.keys(alone), []);
  t.equal(takeTraceContext(toHeaderMap({ x: '1' })), null);
});
