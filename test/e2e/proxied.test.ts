/** An origin that a real forward proxy alone leads to, with a private CA. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { curl, missing, patternSha256, sha256 } from '../fixtures/program-client.js';
import { type Program, startProgram, testDirectory } from '../fixtures/program.js';
import {
  cannotHaveNetwork,
  ORIGIN_NAME,
  type ProxiedNetwork,
  SEED,
  startNetwork,
} from '../fixtures/proxied-network.js';

const LENGTH = 17 * 1024 * 1024 + 4321;
const CLIENTS = 16;
const skip = cannotHaveNetwork() || missing('curl');

async function storm(t: Test, program: Program): Promise<void> {
  const directory = testDirectory(t);
  const files = Array.from({ length: CLIENTS }, (_, n) => join(directory, `got-${String(n)}`));
  const runs = await Promise.all(
    files.map((file) => curl(t, `${program.url}/model`, '--fail', '-o', file)),
  );
  t.same(new Set(runs.map(({ code }) => code)), new Set([0]), program.stdout());
  const digests = new Set(files.map((file) => sha256(readFileSync(file))));
  t.same([...digests], [patternSha256(SEED, LENGTH)], 'sixteen equal digests, the right one');
}

function bytesOf(network: ProxiedNetwork): number {
  return network.taken().reduce((sum, { bytes }) => sum + bytes, 0);
}

function secureConfig({ directory, proxyUrl }: ProxiedNetwork, more: readonly string[] = []) {
  const lines = [
    `url: https://${ORIGIN_NAME}`,
    `proxy: ${proxyUrl}`,
    `caFile: ${directory}/ca.crt`,
    ...more,
  ];
  return `origins:\n  - ${lines.join('\n    ')}\n`;
}

t.test('a storm of requests for an http origin goes through HTTP_PROXY', { skip }, async (t) => {
  const network = await startNetwork(t, LENGTH);
  const straight = await curl(t, `http://${ORIGIN_NAME}/model`, '--fail', '-m', '5');
  t.not(straight.code, 0, 'nothing else leads there');
  const program = await startProgram(t, {
    origin: `http://${ORIGIN_NAME}`,
    env: { http_proxy: network.proxyUrl },
  });
  await storm(t, program);
  const seen = network.taken();
  t.equal(
    seen.reduce((sum, { bytes }) => sum + bytes, 0),
    LENGTH,
    '1.00 times',
  );
  t.notOk(seen.some(({ headers }) => 'proxy-authorization' in headers));
  t.ok(
    seen.every(({ url }) => url === '/model'),
    'the proxy asked in origin-form',
  );
});

t.test(
  'a storm of requests for an https origin with a private CA goes through the proxy',
  { skip },
  async (t) => {
    const network = await startNetwork(t, LENGTH, 'forebay:s3cret-word');
    const credentials = join(network.directory, 'credentials');
    writeFileSync(credentials, 'forebay:s3cret-word\n');
    const { directory } = network;
    const program = await startProgram(t, {
      config: secureConfig(network, [
        `proxyCredentialsFile: ${credentials}`,
        `certFile: ${directory}/client.crt`,
        `keyFile: ${directory}/client.key`,
      ]),
    });
    await storm(t, program);
    const seen = network.taken();
    t.equal(
      seen.reduce((sum, { bytes }) => sum + bytes, 0),
      LENGTH,
      '1.00 times',
    );
    t.notOk(
      seen.some(({ headers }) => 'proxy-authorization' in headers),
      'meant for the proxy',
    );
    t.ok(
      seen.every(({ client }) => client === 'a-forebay'),
      "the client's certificate",
    );
    const connections = seen.at(-1)?.connections ?? 0;
    t.ok(connections <= 8, `tunnels are used again: ${String(connections)} connections`);
    t.match(network.proxyLog(), `CONNECT ${ORIGIN_NAME}:443`);
    const said = program.stdout() + program.stderr();
    t.notMatch(said, 's3cret-word');
    t.notMatch(said, Buffer.from('forebay:s3cret-word').toString('base64'));
  },
);

t.test('a forwarded request for an https origin goes through the proxy', { skip }, async (t) => {
  const network = await startNetwork(t, 4321);
  const program = await startProgram(t, {
    config: secureConfig(network, ['passMethods: true']),
  });
  const fields = ['-H', 'authorization: Bearer of-the-origin', '-H', 'proxy-authorization: x'];
  const sent = await curl(t, `${program.url}/x`, '--fail', '-d', 'content', ...fields);
  t.equal(sent.code, 0, program.stdout());
  const [seen] = network.taken();
  t.match(seen, { bytes: 4321, headers: { authorization: 'Bearer of-the-origin' } });
  t.notOk('proxy-authorization' in (seen?.headers ?? {}));
  t.notMatch(network.proxyLog(), 'of-the-origin');
});

t.test('a proxy that refuses is named in the error', { skip }, async (t) => {
  const network = await startNetwork(t, 4321, 'forebay:s3cret-word');
  const { directory, proxyUrl } = network;
  const asked = async (config: string, env: Record<string, string> = {}) => {
    const program = await startProgram(t, {
      config,
      env,
      cacheDirectory: join(testDirectory(t), `cache-${String(Math.random())}`),
    });
    const file = join(testDirectory(t), 'answer');
    await curl(t, `${program.url}/model`, '-i', '-m', '40', '-o', file);
    await program.stop();
    const reason = program.logs().find(({ reason }) => reason !== undefined)?.['reason'];
    return { head: readFileSync(file, 'latin1'), reason: String(reason), said: program.stdout() };
  };
  const plain = `origins:\n  - url: http://${ORIGIN_NAME}\n`;

  const without = await asked(secureConfig(network));
  t.match(without.head, /^HTTP\/1.1 502 [^]*detail=origin-proxy/, 'CONNECT without credentials');
  t.match(without.reason, /proxy .*origins\[0\]\.proxy.*407.*origins\[0\]\.proxyCredentialsFile/);

  const http = await asked(plain, { HTTP_PROXY: proxyUrl });
  t.match(
    http.head,
    /^HTTP\/1.1 502 [^]*detail=origin-proxy/,
    "the proxy's 407 is not the origin's",
  );
  t.match(http.reason, /HTTP_PROXY.*407/);

  const wrong = await asked(plain, { HTTP_PROXY: proxyUrl.replace('//', '//forebay:wr0ng@') });
  t.match(wrong.reason, /does not accept the credentials of .*HTTP_PROXY/);
  t.notMatch(wrong.said, 'wr0ng');

  const right = proxyUrl.replace('//', '//forebay:s3cret-word@');
  const port = await asked(`origins:\n  - url: https://${ORIGIN_NAME}:8443\n`, {
    HTTPS_PROXY: right,
  });
  t.match(port.reason, /proxy .*HTTPS_PROXY.*403/, 'a port that the proxy does not let through');

  const gone = await asked(plain, { HTTP_PROXY: proxyUrl.replace('3128', '3129') });
  t.match(gone.reason, /the proxy .*3129.*HTTP_PROXY.*cannot be reached.*ECONNREFUSED/);

  const exempt = await asked(plain, { HTTP_PROXY: right, NO_PROXY: '.forebay.example' });
  t.match(exempt.head, /detail=origin-dns/, 'straight, where nothing leads');

  const env = { HTTPS_PROXY: right };
  const other = `origins:\n  - url: https://${ORIGIN_NAME}\n    caFile: ${directory}/other-ca.crt\n`;
  const untrusted = await asked(other, env);
  t.match(untrusted.head, /^HTTP\/1.1 502 [^]*detail=origin-tls/);
  t.match(untrusted.reason, /certificate.*trusted.*origins\[\]\.caFile/);
  t.equal(bytesOf(network), 0, 'the origin heard of nothing');

  for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
    const trusted = await asked(`origins:\n  - url: https://${ORIGIN_NAME}\n`, {
      ...env,
      [name]: join(directory, 'ca.crt'),
    });
    t.match(trusted.head, /^HTTP\/1.1 200 /, `${name}: ${trusted.reason}`);
  }
});
