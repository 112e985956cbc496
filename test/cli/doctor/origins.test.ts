import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  checkCertificates,
  checkOrigins,
  checkRoots,
  judgeProbe,
} from '#src/cli/doctor/origins.js';
import { testCertificate } from '../../fixtures/origin-tls.js';
import { systemClock } from '#src/model/time.js';
import { doctored } from '../../fixtures/doctored-config.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const ANSWERED = {
  kind: 'answered',
  status: 200,
  proxy: null,
  lookupMs: 1,
  connectMs: 20,
  tlsMs: null,
  firstByteMs: 30.4,
  dateMs: NOW_MS,
} as const;

t.test('judgeProbe turns the result of a probe into findings', async (t) => {
  const judge = (parts: object) => judgeProbe('hub', { ...ANSWERED, ...parts }, NOW_MS);
  t.same(judge({}), [
    {
      check: 'origin hub',
      status: 'ok',
      found: 'answers 200: lookup 1 ms, TCP 20 ms, first byte 30 ms',
      advice: null,
    },
  ]);
  t.match(judge({ status: 404 }), [{ status: 'ok' }], 'there need be nothing at its root');
  t.match(judge({ status: 403 }), [{ status: 'warn', advice: /headers/ }]);
  t.match(judge({ status: 503 }), [{ status: 'warn' }]);
  t.match(judge({ dateMs: null }), [{ status: 'ok' }]);
  t.match(judge({ dateMs: NOW_MS - 60_001 }), [
    { status: 'ok' },
    { status: 'warn', found: 'our clock is 60 s ahead of its own' },
  ]);
  t.match(judge({ dateMs: NOW_MS + 3_600_000 }), [{}, { found: /3600 s behind/ }]);
  t.match(judgeProbe('hub', { kind: 'failed', step: 'name lookup', why: 'ENOTFOUND' }, NOW_MS), [
    { status: 'fail', found: 'name lookup failed: ENOTFOUND', advice: /DNS/ },
  ]);
});

t.test('every configured origin is probed', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const { config } = doctored({
    origins: [
      { name: 'one', url: origin.url, mount: '/1' },
      { name: 'two', url: 'http://nowhere.invalid', mount: '/2' },
    ],
  });
  t.match(await checkOrigins(config, systemClock), [
    { check: 'origin one', status: 'ok' },
    { check: 'origin two', status: 'fail' },
  ]);
});

t.test('expired certificates and unreadable roots are reported', async (t) => {
  const { cert } = testCertificate();
  const tls = { ca: cert, cert: null, key: null };
  const { validFrom, validTo } = new X509Certificate(cert);
  const at = (nowMs: number) => checkCertificates('origin hub', tls, nowMs);
  t.same(at(Date.parse(validFrom) + 1), []);
  t.match(at(Date.parse(validTo) + 1), [{ status: 'fail', found: /caFile: .*expired on/ }]);
  t.match(at(Date.parse(validFrom) - 1), [{ status: 'fail', found: /is valid from/ }]);
  const file = { path: '/x', certificates: [], error: 'ENOENT' };
  t.match(checkRoots([{ ...file, variable: 'SSL_CERT_FILE' }]), [
    { status: 'warn', found: 'SSL_CERT_FILE: /x: ENOENT' },
  ]);
  t.same(checkRoots([{ ...file, variable: null }]), [], 'no store is no fault');
});
