import t from 'tap';
import type { CacheOutcome, ForwardReason } from '#src/cache/api/outcome.js';
import { type Ended, exchangeRecord } from '#src/http/exchange/record.js';
import { toHeaderMap } from '#src/model/headers.js';

const TIMES = { startedAt: 100, headAt: 130, endedAt: 200 };
const COMPLETE = { kind: 'complete', bytesSent: 5 } as const;

function record(ended: Ended, times: Parameters<typeof exchangeRecord>[3] = TIMES) {
  const headers = toHeaderMap({ range: 'bytes=0-4' });
  return exchangeRecord(
    { method: 'GET', url: '/a?b' },
    {
      method: 'GET',
      headers,
      range: { kind: 'none' },
      requestId: 'r',
      traceId: 'abc',
      nowMs: 0,
      boundary: () => '',
    },
    ended,
    times,
  );
}

t.test('an answered request is recorded with its outcome, status and bytes', (t) => {
  const outcome: CacheOutcome = { kind: 'hit', unverified: false };
  t.same(
    record({
      kind: 'answered',
      outcome,
      status: 206,
      delivery: COMPLETE,
      cost: { originBytes: 7, collapsed: false },
    }),
    {
      requestId: 'r',
      traceId: 'abc',
      method: 'GET',
      target: '/a?b',
      range: 'bytes=0-4',
      status: 206,
      result: 'hit',
      ending: 'complete',
      code: null,
      collapsed: false,
      bytesSent: 5,
      originBytes: 7,
      waitMs: 30,
      transferMs: 70,
    },
  );
  t.end();
});

t.test('each outcome of a forwarded request has its result name', (t) => {
  const expected: Record<ForwardReason, string> = {
    'uri-miss': 'miss',
    'vary-miss': 'miss',
    miss: 'miss',
    request: 'stale',
    stale: 'stale',
    method: 'pass',
    partial: 'partial',
  };
  for (const [reason, result] of Object.entries(expected)) {
    const outcome: CacheOutcome = {
      kind: 'forward',
      reason: reason as ForwardReason,
      originStatus: 200,
      stored: true,
      collapsed: true,
      unverified: false,
      detail: null,
    };
    t.match(
      record({
        kind: 'answered',
        outcome,
        status: 200,
        delivery: COMPLETE,
        cost: { originBytes: 0, collapsed: true },
      }),
      { result, collapsed: true },
    );
  }
  t.end();
});

t.test('refused and failed requests are recorded with their code', (t) => {
  t.match(record({ kind: 'refused', reason: 'no-such-mount', status: 404, delivery: COMPLETE }), {
    result: 'refused',
    code: 'no-such-mount',
    status: 404,
    originBytes: 0,
  });
  const error = { code: 'disk', message: '', source: 'internal', retryable: true } as const;
  const delivery = { kind: 'failed', error, bytesSent: 0 } as const;
  const ended: Ended = {
    kind: 'failed',
    error,
    status: 500,
    delivery,
    cost: { originBytes: 3, collapsed: false },
  };
  t.match(record(ended), { result: 'error', code: 'disk', ending: 'failed', originBytes: 3 });
  t.match(
    record(ended, { ...TIMES, headAt: null }),
    { status: 499, waitMs: 100, transferMs: 0 },
    'no head was sent: nobody saw a status',
  );
  t.end();
});
