/** SIGHUP: the configuration changes while requests go on, or stays where the new one is wrong. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { startReceiver } from '../fixtures/notify-receiver.js';
import { get } from '../fixtures/program-client.js';
import { SMALL_CHUNKS, startSceneOrigin } from '../fixtures/program-scene.js';
import { startProgram } from '../fixtures/program.js';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import { Gate } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;

t.test('the program reloads on SIGHUP and tells its service manager', async (t) => {
  const [one, two] = [
    await startSceneOrigin(t, { seed: 1, lengthBytes: 2 * MEBIBYTE }),
    await startSceneOrigin(t, { seed: 2, lengthBytes: 2 * MEBIBYTE }),
  ];
  const mounts = (...urls: string[]) =>
    `origins:\n${urls.map((url, index) => `  - {mount: /${String(index)}, url: '${url}'}\n`).join('')}`;
  const receiver = await startReceiver(t, `@forebay-reload-${String(process.pid)}`);
  const env = { ...SMALL_CHUNKS, NOTIFY_SOCKET: receiver.socket };
  const program = await startProgram(t, { config: mounts(one.url), env });
  t.match(await receiver.next(), /^READY=1\nSTATUS=Serving on http:/);
  t.equal((await get(`${program.url}/1/model`)).status, 404);

  writeFileSync(program.configFile, mounts(one.url, two.url));
  program.signal('SIGHUP');
  t.match(await receiver.next(), /^RELOADING=1\nMONOTONIC_USEC=\d+\n$/);
  t.match(await receiver.next(), /^READY=1\n/);
  t.equal((await get(`${program.url}/1/model`)).body.length, 2 * MEBIBYTE);

  writeFileSync(program.configFile, `${mounts(two.url)}cache: {capacty: 1GiB}\n`);
  program.signal('SIGHUP');
  t.match(await receiver.next(), /^RELOADING=1\n/);
  t.match(await receiver.next(), /^READY=1\nSTATUS=.*the last reload failed\n$/);
  await program.says('was not reloaded');
  t.match(program.stderr(), /config-\d+\.yaml:3:9: cache\.capacty/);
  t.equal((await get(`${program.url}/1/model`)).status, 200, 'the old one stays');
  t.equal(await program.metric('forebay_config_reloads_total', 'success'), 1);
  t.equal(await program.metric('forebay_config_reloads_total', 'failure'), 1);

  const ended = program.stop();
  t.match(await receiver.next(), /^STOPPING=1\n/);
  t.equal(await ended, 0);
});

t.test('a running request ends with the origin configuration it started with', async (t) => {
  const [one, two] = [
    await runOrigin(t, { '/a': fresh(1, 4) }),
    await runOrigin(t, { '/b': fresh(2, 2) }),
  ];
  const gate = new Gate();
  one.script({ times: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const forebay = await startForebay(t, {
    origins: [{ name: 'one', url: one.url }],
    fill: { readAheadChunks: 0 },
  });
  const running = forebay.get('/a');
  await gate.reached;
  t.match(forebay.reload({ origins: [{ name: 'two', url: two.url }] }), { kind: 'applied' });
  t.ok((await forebay.get('/b')).body.equals(bytesOf(2, 2)), 'the new one answers');
  gate.open();
  const got = await running;
  t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
  t.same(
    [...(await forebay.metrics()).keys()].filter((key) => key.includes('breaker_state')),
    ['forebay_origin_breaker_state{origin="two"}'],
  );
});

t.test('no request joins a fetch that started under the former origin configuration', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const gate = new Gate();
  origin.script({ times: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const of = (token: string) => ({ originKeys: { headers: { authorization: token } } });
  const forebay = await startForebay(t, { origin, ...of('old') });
  const old = forebay.get('/a');
  await gate.reached;
  forebay.reload({ origin, ...of('new') });
  t.equal((await forebay.get('/a')).status, 200);
  t.same(
    origin.requests.map(({ headers }) => headers['authorization']),
    ['old', 'new'],
  );
  gate.open();
  t.equal((await old).status, 200);
});

t.test('a smaller capacity evicts at once, a larger one takes more', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 20), '/b': fresh(2, 20) });
  const capacity = (mebibytes: number) => ({
    origin,
    cache: { capacity: `${String(mebibytes)}MiB` },
  });
  const forebay = await startForebay(t, capacity(30));
  await forebay.get('/a');
  await forebay.holds(20);
  forebay.reload(capacity(14));
  await forebay.until(
    (found) =>
      (found.get('forebay_cache_size_bytes') ?? Infinity) <= 14 * C &&
      (found.get('forebay_cache_chunks') ?? 0) > 10,
  );
  t.equal(await forebay.metric('forebay_cache_limit_bytes'), 14 * C);
  forebay.reload(capacity(60));
  await forebay.get('/a');
  await forebay.get('/b');
  await forebay.holds(40);
});

t.test('a reload changes bounds of listeners and fills, and integrity', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  t.equal((await forebay.get('/a')).status, 200);
  const strict = { originKeys: { integrity: 'strict' } };
  const outcome = forebay.reload({
    origin,
    ...strict,
    listen: { maxConnections: 1, headersTimeout: '1s', address: '127.0.0.1:1' },
    fill: { maxAttempts: 1, threads: 1 },
  });
  t.same(outcome, { kind: 'applied', needsRestart: ['listen.address', 'fill.threads'] });
  t.equal((await forebay.get('/a')).status, 502, 'nothing vouches for it');
});
