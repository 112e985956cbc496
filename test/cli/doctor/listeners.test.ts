import { createServer } from 'node:net';
import t from 'tap';
import { checkAddresses, checkLock } from '#src/cli/doctor/listeners.js';
import { listenOn } from '#src/http/listen.js';
import { doctored } from '../../fixtures/doctored-config.js';

t.test('the lock', async (t) => {
  t.match(checkLock('/c', { kind: 'free' }), { status: 'ok', found: 'nobody uses /c' });
  t.match(checkLock('/c', { kind: 'held', pid: 12 }), { status: 'ok', found: /process 12 uses/ });
  t.match(checkLock('/c', { kind: 'held', pid: null }), { found: /another process/ });
  t.match(checkLock('/c', { kind: 'unreadable', errno: 'EACCES' }), { status: 'warn' });
});

t.test('addresses', async (t) => {
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

t.test('an address that this machine does not have', async (t) => {
  const { config } = doctored({ listen: { address: '192.0.2.1:0' }, admin: { enabled: false } });
  t.match(await checkAddresses(config, { kind: 'held', pid: 1 }), [
    { status: 'fail', found: /no such address/ },
  ]);
});
