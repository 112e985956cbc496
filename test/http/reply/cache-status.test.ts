import fc from 'fast-check';
import { parseList } from 'structured-headers';
import t from 'tap';
import type { CacheOutcome } from '#src/cache/api/outcome.js';
import { cacheStatus, type StatusInput } from '#src/http/reply/cache-status.js';

const MISS: CacheOutcome = {
  kind: 'forward',
  reason: 'uri-miss',
  originStatus: 206,
  stored: true,
  collapsed: true,
  unverified: false,
  detail: null,
};

const answered = (outcome: CacheOutcome): StatusInput => ({ kind: 'answered', outcome });

t.test('Cache-Status describes the outcome (RFC 9211)', (t) => {
  const value = (happening: StatusInput): string => cacheStatus(happening, undefined);
  t.equal(value(answered({ kind: 'hit', unverified: false })), 'forebay;hit');
  t.equal(value(answered({ kind: 'hit', unverified: true })), 'forebay;hit;detail=unverified');
  const stale = { ttlSeconds: -5, detail: 'max-stale' } as const;
  t.equal(
    value(answered({ kind: 'hit', unverified: true, ...stale })),
    'forebay;hit;ttl=-5;detail="max-stale, unverified"',
  );
  t.equal(value(answered(MISS)), 'forebay;fwd=uri-miss;fwd-status=206;stored;collapsed');
  t.equal(
    value(answered({ ...MISS, originStatus: null, stored: false, detail: 'not-kept' })),
    'forebay;fwd=uri-miss;collapsed;detail=not-kept',
  );
  t.equal(
    value(answered({ ...MISS, collapsed: false, unverified: true, detail: 'not-storable' })),
    'forebay;fwd=uri-miss;fwd-status=206;stored;detail="not-storable, unverified"',
  );
  t.equal(value({ kind: 'refused', reason: 'ambiguous-path' }), 'forebay;detail=ambiguous-path');
  t.equal(
    value({
      kind: 'failed',
      error: {
        code: 'origin-status',
        source: 'origin',
        message: 'secret',
        retryable: true,
        originStatus: 503,
      },
    }),
    'forebay;fwd=miss;fwd-status=503;detail=origin-status',
  );
  for (const code of ['origin-busy', 'origin-unattested', 'not-cached'] as const) {
    const source = code === 'not-cached' ? 'client' : 'origin';
    const error = { code, source, message: '', retryable: false } as const;
    t.equal(value({ kind: 'failed', error }), `forebay;detail=${code}`, 'no request was forwarded');
  }
  t.equal(
    value({
      kind: 'failed',
      error: { code: 'no-space', source: 'internal', message: '', retryable: true },
    }),
    'forebay;detail=no-space',
  );
  t.end();
});

t.test('Cache-Status keeps members of upstream caches, unless malformed', (t) => {
  const hit = answered({ kind: 'hit', unverified: false });
  t.equal(cacheStatus(hit, 'cdn; hit; ttl=30'), 'cdn; hit; ttl=30, forebay;hit');
  t.equal(cacheStatus(hit, '"unclosed'), 'forebay;hit');
  t.equal(cacheStatus(hit, ''), 'forebay;hit');
  // Can be read by itself, but with nothing after it (RFC 9651's dates, to a parser that takes the
  // comma for a digit).
  t.equal(cacheStatus(hit, '@0'), 'forebay;hit');
  t.end();
});

t.test('property: any reason and any upstream give a list that can be read', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (reason, upstream) => {
      return parseList(cacheStatus({ kind: 'refused', reason }, upstream)).length > 0;
    }),
  );
  t.end();
});
