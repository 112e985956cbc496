/** How long an origin bids its clients wait, in each of the fields in use. */
import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import {
  MAX_REQUESTED_WAIT_MS,
  parseRetryAfter,
  requestedWaitMs,
  waitFields,
} from '#src/origin/requested-wait.js';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

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

void t.test('the wait of a 429 is read from each of its fields', (t) => {
  const inSeconds = String(NOW / 1000 + 55);
  const cases: readonly Record<string, string>[] = [
    { 'retry-after': '55' },
    { 'retry-after': 'Thu, 01 Jan 2026 12:00:55 GMT' },
    { ratelimit: '"resolvers";r=0;t=55' },
    { ratelimit: '"api";r=0;t=55, "pages";r=7;t=300' },
    { ratelimit: '"pages";r=7;t=300, resolvers;r=0;t=55' },
    { ratelimit: '"one";r=0;t=9, "two";r=0;t=55' },
    { ratelimit: 'limit=100, remaining=0, reset=55' },
    { 'ratelimit-reset': '55' },
    { 'x-ratelimit-reset': '55' },
    { 'x-ratelimit-reset': inSeconds },
    { 'x-ratelimit-reset': `${inSeconds}000` },
    { 'x-rate-limit-reset': inSeconds },
    { 'retry-after': '55', ratelimit: '"api";r=0;t=300' },
    { 'retry-after': 'soon', ratelimit: '"api";r=0;t=55' },
    { ratelimit: '"api"; r=0', 'x-ratelimit-reset': '55' },
  ];
  for (const fields of cases) {
    const told = requestedWaitMs({ status: 429, headers: toHeaderMap(fields) }, NOW);
    t.equal(told, 55_000, JSON.stringify(fields));
  }
  t.end();
});

void t.test('a 429 without a valid field has no requested wait', (t) => {
  for (const fields of [
    {},
    { ratelimit: 'nonsense;;' },
    { ratelimit: '"api";r=0;t="55"' },
    { 'x-ratelimit-reset': '-1' },
    { 'x-ratelimit-reset': '1m30s' },
    { ratelimit: `"${'a'.repeat(2000)}";r=0;t=5` },
  ]) {
    t.equal(requestedWaitMs({ status: 429, headers: toHeaderMap(fields) }, NOW), undefined);
  }
  const limits = toHeaderMap({ ratelimit: '"api";r=99;t=55' });
  t.equal(
    requestedWaitMs({ status: 503, headers: limits }, NOW),
    undefined,
    'it comes with every answer',
  );
  t.equal(
    requestedWaitMs({ status: 503, headers: toHeaderMap({ 'retry-after': '7' }) }, NOW),
    7000,
  );
  const long = toHeaderMap({ ratelimit: '"api";r=0;t=99999999999' });
  t.equal(requestedWaitMs({ status: 429, headers: long }, NOW), MAX_REQUESTED_WAIT_MS);
  const past = toHeaderMap({ ratelimit: '"api";r=0;t=-5' });
  t.equal(requestedWaitMs({ status: 429, headers: past }, NOW), 0);
  t.end();
});

void t.test('the fields with a wait that clients read are known', (t) => {
  const fields = {
    'retry-after': '5',
    ratelimit: '"api";r=0;t=55',
    'ratelimit-policy': '"api";q=100;w=300',
    'ratelimit-remaining': '0',
    'x-ratelimit-limit': '100',
    'x-rate-limit-reset': '5',
  };
  t.same({ ...waitFields(toHeaderMap({ ...fields, 'set-cookie': 'a', server: 'x' })) }, fields);
  const many = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`x-ratelimit-${'a'.repeat(index)}b`, '1']),
  );
  t.ok(Object.keys(waitFields(toHeaderMap(many))).length <= 16);
  t.end();
});
