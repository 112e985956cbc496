import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { secureContext, systemStore } from '#src/origin/roots.js';
import { testCertificate } from '../fixtures/origin-tls.js';

t.test('roots are read from the files of variables, and their problems reported', async (t) => {
  const directory = t.testdir({ junk: 'no certificate' });
  const file = join(directory, 'ca.pem');
  writeFileSync(file, testCertificate().cert);
  t.match(systemStore({ SSL_CERT_FILE: file }), [
    {
      path: file,
      variable: 'SSL_CERT_FILE',
      certificates: [/^-----BEGIN CERTIFICATE/],
      error: null,
    },
  ]);
  t.equal(systemStore({ SSL_CERT_FILE: file }).length, 1, 'in the place of the system');
  const wrong = {
    SSL_CERT_FILE: join(directory, 'none'),
    NODE_EXTRA_CA_CERTS: `${directory}/junk`,
  };
  t.match(systemStore(wrong), [
    { error: 'ENOENT', certificates: [] },
    { error: /no certificate/, certificates: [] },
  ]);
});

t.test("roots include the system's store", async (t) => {
  const [found] = systemStore({});
  if (found === undefined) return;
  t.equal(found.variable, null);
  const text = readFileSync(found.path, 'latin1');
  t.equal(found.certificates.length, text.split('-----BEGIN CERTIFICATE-----').length - 1);
});

t.test('equal certificates share one TLS context', async (t) => {
  const tls = { ca: testCertificate().cert, cert: null, key: null };
  t.equal(secureContext(tls), secureContext({ ...tls }));
  t.not(secureContext(tls), secureContext());
});
