import { createServer } from 'node:net';
import t from 'tap';
import { checkAddresses, checkLock } from '#src/cli/doctor/listeners.js';
import { listenOn } from '#src/http/exchange/listen.js';
import { doctored } from '../../fixtures/doctored-config.js';
import { startForebay } from '../../fixtures/running.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';
import { startSquatter } from '../../fixtures/squatter.js';

t.test('the lock', async (t) => {
  t.match(checkLock('/c', { kind: 'free' }), { status: 'ok', found: 'no process uses /c' });
  t.match(checkLock('/c', { kind: 'held', pid: 12 }), { status: 'ok', found: /process 12 uses/ });
  t.match(checkLock('/c', { kind: 'held', pid: null }), { found: /another process/ });
  t.match(checkLock('/c', { kind: 'unreadable', errno: 'EACCES' }), { status: 'warn' });
});

t.test('checkAddresses reports an address that is in use', async (t) => {
  const other = createServer();
  const { port } = await listenOn(other, { host: '127.0.0.1', port: 0 });
  t.teardown(() => other.close());
  const address = `127.0.0.1:${String(port)}`;
  const { config } = doctored({ listen: { address }, admin: { address: '127.0.0.1:0' } });
  t.match(await checkAddresses(config, { kind: 'free' }), [
    { check: 'listen', status: 'fail', found: /in use by another process/ },
    { check: 'admin', status: 'ok' },
  ]);
  t.match(await checkAddresses(config, { kind: 'held', pid: 12 }), [
    { check: 'listen', status: 'ok', found: /process 12 runs on this cache/ },
    { check: 'admin', status: 'ok' },
  ]);
  const off = doctored({ listen: { address: '127.0.0.1:0' }, admin: { enabled: false } });
  t.match(await checkAddresses(off.config, { kind: 'free' }), [{ check: 'listen' }]);
});

t.test("the admin address's holder must prove to be this cache's Forebay", async (t) => {
  const directory = t.testdir({ 'admin-token': '0123456789abcdef\n' });
  const squatter = await startSquatter(t, () => undefined);
  const { config } = doctored({
    listen: { address: '127.0.0.1:0' },
    admin: { address: squatter.address },
    cache: { directory, capacity: '1GiB' },
  });
  const [, found] = await checkAddresses(config, { kind: 'held', pid: 12 });
  t.match(found, { check: 'admin', status: 'fail', found: /is not proven to be Forebay/ });
  t.notMatch(squatter.told.join('\n'), /authorization|0123/);
  const origin = await startOrigin({ objects: {} });
  t.teardown(() => origin.close());
  const forebay = await startForebay(t, { origin });
  const real = doctored({
    listen: { address: '127.0.0.1:0' },
    admin: { address: new URL(forebay.adminUrl).host },
    cache: { directory: forebay.directory, capacity: '1GiB' },
  });
  t.match((await checkAddresses(real.config, { kind: 'held', pid: 12 }))[1], { status: 'ok' });
});

t.test('an address that this machine does not have is reported', async (t) => {
  const { config } = doctored({ listen: { address: '192.0.2.1:0' }, admin: { enabled: false } });
  t.match(await checkAddresses(config, { kind: 'held', pid: 1 }), [
    { status: 'fail', found: /no such address/ },
  ]);
});
