import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import {
  isDisconnected,
  verdictOfError,
  verdictOfHead,
  verdictOfStatus,
} from '#src/origin/verdict.js';

t.test('an unreachable or overloaded origin counts as failed', async (t) => {
  for (const code of ['origin-connect', 'origin-dns', 'origin-tls', 'origin-timeout'] as const) {
    t.equal(verdictOfError({ code }), 'unreachable', code);
    t.ok(isDisconnected({ code }));
  }
  for (const code of ['origin-reset', 'origin-protocol'] as const) {
    t.equal(verdictOfError({ code }), 'failure', code);
    t.ok(isDisconnected({ code }));
  }
  t.ok(isDisconnected({ code: 'origin-busy' }));
  t.notOk(isDisconnected({ code: 'origin-status' }));
  t.equal(verdictOfError({ code: 'origin-status', originStatus: 503 }), 'failure');
  for (const status of [429, 502, 503, 504]) t.equal(verdictOfStatus(status, 'success'), 'failure');
});

t.test('errors of one URL, or of Forebay, do not count against the origin', async (t) => {
  t.equal(verdictOfError({ code: 'origin-status', originStatus: 500 }), 'abandoned');
  t.equal(verdictOfError({ code: 'origin-changed' }), 'abandoned');
  t.equal(verdictOfError({ code: 'no-space' }), 'abandoned');
  t.equal(verdictOfError({ code: 'cancelled' }), 'abandoned');
  t.equal(verdictOfStatus(404, 'success'), 'success');
  t.equal(verdictOfStatus(undefined, 'success'), 'success');
});

t.test('a 429 with its duration does not open the breaker', async (t) => {
  const head = (status: number, fields: Record<string, string>) => ({
    status,
    headers: toHeaderMap(fields),
  });
  t.equal(verdictOfHead(head(429, { ratelimit: '"api";r=0;t=55' }), 'success'), 'success');
  t.equal(verdictOfHead(head(429, {}), 'success'), 'failure');
  t.equal(verdictOfHead(head(503, { 'retry-after': '9' }), 'success'), 'failure');
  const told = { code: 'origin-status', originStatus: 429, retryAfterMs: 55_000 } as const;
  t.equal(verdictOfError(told), 'abandoned');
});
