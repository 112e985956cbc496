import fc from 'fast-check';
import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { toHeaderMap } from '#src/model/headers.js';
import { isRetryable, isWorthRetrying, retryDelayMs, statusError } from '#src/origin/retry.js';

const limits = { retryBaseMs: 100, retryCapMs: 2000, retryAfterCapMs: 30_000 };
const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

void t.test("a retry's wait has full jitter below its cap", (t) => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), random, (attempt, value) => {
      const delay = retryDelayMs(attempt, limits, () => value);
      t.ok(delay >= 0 && delay <= Math.min(2000, 100 * 2 ** Math.min(attempt, 40)));
    }),
    { numRuns: 50 },
  );
  t.equal(
    retryDelayMs(0, limits, () => 0.5),
    50,
  );
  t.equal(
    retryDelayMs(3, limits, () => 0.5),
    400,
  );
  t.equal(
    retryDelayMs(9, limits, () => 0.5),
    1000,
  );
  t.end();
});

void t.test('Retry-After is a lower bound of the wait, and capped', (t) => {
  const random = () => 0.5;
  t.equal(retryDelayMs(0, limits, random, 5000), 5000);
  t.equal(retryDelayMs(0, limits, random, 10), 50);
  t.equal(retryDelayMs(0, limits, random, 3_600_000), 30_000);
  t.end();
});

void t.test('retryable failures are told apart', (t) => {
  for (const status of [408, 425, 429, 500, 502, 503, 504]) t.ok(isRetryable(status));
  for (const status of [200, 304, 400, 401, 403, 404, 410, 416, 501, 505])
    t.notOk(isRetryable(status));
  const details = { source: 'origin', retryable: true } as const;
  t.ok(isRetryable(new ForebayError('origin-reset', '', details)));
  t.notOk(isRetryable(new ForebayError('origin-tls', '', { ...details, retryable: false })));
  t.end();
});

void t.test('each failed status has its error code', (t) => {
  const head = (status: number, fields: Record<string, string> = {}) => ({
    status,
    headers: toHeaderMap(fields),
    contentLength: null,
  });
  t.match(statusError(head(403), NOW), {
    code: 'origin-denied',
    retryable: false,
    originStatus: 403,
  });
  t.match(statusError(head(503, { 'retry-after': '3' }), NOW), {
    code: 'origin-status',
    retryable: true,
    originStatus: 503,
    retryAfterMs: 3000,
  });
  t.equal(statusError(head(503, { 'retry-after': 'x' }), NOW).retryAfterMs, undefined);
  t.equal(statusError(head(404), NOW).retryable, false);
  t.end();
});

void t.test('a wait beyond the cap is not retried, and the origin is left alone', (t) => {
  const of = (status: number, fields: Record<string, string>) =>
    statusError({ status, headers: toHeaderMap(fields), contentLength: null }, NOW);
  for (const status of [429, 503]) {
    t.ok(isWorthRetrying(of(status, { 'retry-after': '30' }), limits), String(status));
    t.notOk(isWorthRetrying(of(status, { 'retry-after': '31' }), limits), String(status));
    t.ok(isWorthRetrying(of(status, {}), limits), String(status));
  }
  t.notOk(isWorthRetrying(of(429, { ratelimit: '"api";r=0;t=55' }), limits));
  t.ok(isWorthRetrying(of(500, { ratelimit: '"api";r=9;t=55' }), limits), 'it limits nothing');
  t.match(of(429, { ratelimit: '"api";r=0;t=55', 'x-error-message': 'slow down', server: 'x' }), {
    retryAfterMs: 55_000,
    originFields: { ratelimit: '"api";r=0;t=55', 'x-error-message': 'slow down' },
  });
  t.end();
});
