import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { certificatesOf, readReachFiles } from '#src/config/reach-files.js';
import { testCertificate } from '../fixtures/origin-tls.js';

const readText = (path: string): string => readFileSync(path, 'utf8');
const { cert, key } = testCertificate();

t.test('certificates and credentials are read from files; problems show no content', async (t) => {
  const directory = t.testdir({ junk: 'hunter2', user: 'user:pa:ss\n' });
  const [certFile, keyFile] = [join(directory, 'crt'), join(directory, 'key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const good = { caFile: certFile, certFile, keyFile, proxyCredentialsFile: `${directory}/user` };
  const { files, problems } = readReachFiles({ origins: [good, {}] }, readText);
  t.same(problems, []);
  t.same(files, [
    {
      tls: { ca: cert, cert, key },
      proxyCredentials: 'user:pa:ss',
    },
    { tls: { ca: null, cert: null, key: null }, proxyCredentials: null },
  ]);

  const junk = `${directory}/junk`;
  const bad = {
    caFile: `${directory}/none`,
    certFile: junk,
    keyFile: junk,
    proxyCredentialsFile: junk,
  };
  const told = readReachFiles({ origins: [bad] }, readText).problems;
  t.match(told, [
    { key: 'origins[0].caFile', found: /none.*ENOENT/ },
    { key: 'origins[0].certFile', expected: /certificates in PEM/ },
    { key: 'origins[0].keyFile', expected: /private key/ },
    { key: 'origins[0].proxyCredentialsFile', expected: /user:password/ },
  ]);
  t.notMatch(JSON.stringify(told), 'hunter2');
});

t.test('certificates are found among other text', async (t) => {
  t.equal(certificatesOf(`# one\n${cert}\n# two\n${cert}`).length, 2);
  t.same(certificatesOf('-----BEGIN CERTIFICATE-----\nMII'), []);
  t.same(readReachFiles({ origins: 'x' }, readText), { files: [], problems: [] });
});
