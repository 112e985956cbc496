import fc from 'fast-check';
import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { toHeaderMap } from '#src/model/headers.js';
import { isRetryable, parseRetryAfter, retryDelayMs, statusError } from '#src/origin/retry.js';

const limits = { retryBaseMs: 100, retryCapMs: 2000, retryAfterCapMs: 30_000 };
const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

void t.test('full jitter stays below its ceiling and the ceiling below its cap', (t) => {
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

void t.test('Retry-After is a floor, and capped', (t) => {
  const random = () => 0.5;
  t.equal(retryDelayMs(0, limits, random, 5000), 5000);
  t.equal(retryDelayMs(0, limits, random, 10), 50);
  t.equal(retryDelayMs(0, limits, random, 3_600_000), 30_000);
  t.end();
});

void t.test('Retry-After in seconds or as a date', (t) => {
  t.equal(parseRetryAfter('120', NOW, 1e9), 120_000);
  t.equal(parseRetryAfter(' 0 ', NOW, 1e9), 0);
  t.equal(parseRetryAfter('99999999999999999999', NOW, 60_000), 60_000);
  t.equal(parseRetryAfter('Thu, 01 Jan 2026 12:00:07 GMT', NOW, 1e9), 7000);
  t.equal(parseRetryAfter('Thu, 01 Jan 2026 11:00:00 GMT', NOW, 1e9), 0, 'a date gone by');
  t.equal(parseRetryAfter('Thu, 01 Jan 2099 12:00:00 GMT', NOW, 60_000), 60_000);
  for (const text of [
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    '2026-01-01',
    'Thu, 99 Jan 2026 12:00:00 GMT',
  ]) {
    t.equal(parseRetryAfter(text, NOW, 1e9), undefined, text);
  }
  t.end();
});

void t.test('which failures are worth another try', (t) => {
  for (const status of [408, 425, 429, 500, 502, 503, 504]) t.ok(isRetryable(status));
  for (const status of [200, 304, 400, 401, 403, 404, 410, 416, 501, 505])
    t.notOk(isRetryable(status));
  const details = { source: 'origin', retryable: true } as const;
  t.ok(isRetryable(new ForebayError('origin-reset', '', details)));
  t.notOk(isRetryable(new ForebayError('origin-tls', '', { ...details, retryable: false })));
  t.end();
});

void t.test('the error of a status', (t) => {
  const head = (status: number, fields: Record<string, string> = {}) => ({
    status,
    headers: toHeaderMap(fields),
    contentLength: null,
  });
  t.match(statusError(head(403), limits, NOW), {
    code: 'origin-denied',
    retryable: false,
    originStatus: 403,
  });
  t.match(statusError(head(503, { 'retry-after': '3' }), limits, NOW), {
    code: 'origin-status',
    retryable: true,
    originStatus: 503,
    retryAfterMs: 3000,
  });
  t.equal(statusError(head(503, { 'retry-after': 'x' }), limits, NOW).retryAfterMs, undefined);
  t.equal(statusError(head(404), limits, NOW).retryable, false);
  t.end();
});
