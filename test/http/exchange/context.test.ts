import t from 'tap';
import { contextOf } from '#src/http/exchange/context.js';

const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const ROOMS = { telemetry: { tracer: null }, believed: 'any' } as const;

t.test('contextOf reads method, range, request id and trace of a request', (t) => {
  const rawHeaders = ['Range', 'bytes=0-1', 'X-Request-Id', 'me', 'traceparent', TRACE];
  const { context, span } = contextOf({ method: 'HEAD', url: '/f', rawHeaders }, ROOMS, 5);
  t.match(context, { method: 'HEAD', requestId: 'me', traceId: 'a'.repeat(32), nowMs: 5 });
  t.equal(context.range.kind, 'ranges');
  t.equal(context.headers['traceparent'], TRACE);
  t.equal(span, undefined);
  t.match(context.boundary(), /^[0-9a-f]{32}$/);
  t.not(context.boundary(), context.boundary());
  t.end();
});

t.test('with a tracer the request has a span of its own', (t) => {
  const own = {
    traceId: 'c'.repeat(32),
    traceparent: 'ours',
    child: () => own,
    link: () => undefined,
    end: () => undefined,
  };
  const deps = { ...ROOMS, telemetry: { tracer: { request: () => own } } };
  const { context, span } = contextOf({ method: 'GET', url: '/f', rawHeaders: [] }, deps, 0);
  t.equal(span, own);
  t.equal(context.traceId, own.traceId);
  t.equal(context.headers['traceparent'], 'ours');
  t.end();
});

t.test('the host of an absolute target replaces Host', (t) => {
  const url = 'http://models.example:80/f';
  const rawHeaders = ['Host', 'inner:7080'];
  const { context, own } = contextOf({ method: 'GET', url, rawHeaders }, ROOMS, 0);
  t.equal(context.headers['host'], 'models.example:80');
  t.equal(own, 'http://models.example:80');
  t.end();
});
