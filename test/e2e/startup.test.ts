/** Starts that must fail, each with a message that says what to do and an exit code of its own. */
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { get } from '../fixtures/program-client.js';
import { runProgram, startProgram, testDirectory } from '../fixtures/program.js';

/** A name below `.invalid` never resolves (RFC 2606), and no start resolves it. */
const ORIGIN = 'http://origin.invalid';

t.test('the program prints its address, origins and capacity at the start', async (t) => {
  const program = await startProgram(t, { origin: ORIGIN, capacity: '200MiB' });
  t.match(program.stderr(), /^Forebay \d+\.\d+\.\d+$/m);
  t.match(program.stderr(), /^origin +\/ -> http:\/\/origin\.invalid/m);
  t.match(program.stderr(), /^capacity 200 MiB: as configured$/m);
  t.ok(program.stderr().includes(program.cacheDirectory));
  t.equal((await get(`${program.adminUrl}/healthz`)).status, 200);
  t.equal((await get(`${program.adminUrl}/readyz`)).status, 200);
});

t.test('unknown keys and wrong values are all reported at once, with their places', async (t) => {
  const config = [
    'cache:',
    '  capacty: 10GiB',
    '  chunkSize: 3MiB',
    'origins:',
    '  - url: http://origin.invalid',
    '    integrity: sometimes',
    '',
  ].join('\n');
  const { end, stderr } = await runProgram(t, { config });
  t.equal(end, 78);
  t.match(stderr, /config-\d+\.yaml:2:3\b/, 'line and column');
  t.match(stderr, /capacty/);
  t.match(stderr, /capacity/, 'the nearest key');
  t.match(stderr, /:3:\d+/);
  t.match(stderr, /:6:\d+/);
  t.match(stderr, /strict/, 'what was expected');
  t.notMatch(stderr, /\n\s+at /, 'no stack trace');
});

t.test('a configuration that is no YAML exits with its place', async (t) => {
  const { end, stderr } = await runProgram(t, { config: 'cache: [\n' });
  t.equal(end, 78);
  t.match(stderr, /config-\d+\.yaml:\d+:\d+/);
});

t.test('an unknown flag exits with 64 and suggests the nearest one', async (t) => {
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, flags: ['--capacty', '1GiB'] });
  t.equal(end, 64);
  t.match(stderr, /--capacity/, 'the nearest flag');
});

t.test('an unknown variable exits with 78 and suggests the nearest one', async (t) => {
  const env = { FOREBAY_CACHE_CAPACTY: '1GiB' };
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, env });
  t.equal(end, 78);
  t.match(stderr, /FOREBAY_CACHE_CAPACITY/);
});

t.test('a capacity that is too small is a configuration error', async (t) => {
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, capacity: '20MiB' });
  t.equal(end, 78);
  t.match(stderr, /at least 128 MiB/, 'what would be enough');
});

t.test('a busy port exits with the address and the reason', async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const { port } = holder.address() as net.AddressInfo;
  const busy = `127.0.0.1:${String(port)}`;
  const flags = ['--listen', busy];
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, flags });
  t.equal(end, 69);
  t.ok(stderr.includes(busy), stderr);

  const admin = await runProgram(t, { origin: ORIGIN, flags: ['--admin', busy] });
  t.equal(admin.end, 69);
  t.ok(admin.stderr.includes(busy), admin.stderr);
  const after = await startProgram(t, { origin: ORIGIN });
  t.ok(after.url, 'and the cache is not left locked');
});

t.test('a file in place of the cache directory is refused', async (t) => {
  const cacheDirectory = join(testDirectory(t), 'file');
  writeFileSync(cacheDirectory, '');
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, cacheDirectory });
  t.equal(end, 78);
  t.ok(stderr.includes(cacheDirectory), stderr);
  t.match(stderr, /is a file and not a directory; name another directory with `--cache-dir`/);
  t.notMatch(stderr, /\n\s+at /, 'no stack trace');
});

t.test('a cache directory that cannot be created is refused', async (t) => {
  const { end, stderr } = await runProgram(t, {
    origin: ORIGIN,
    cacheDirectory: '/proc/none/cache',
  });
  t.equal(end, 78);
  t.match(stderr, /ENOENT: a directory above it is missing.*create it/);
});

t.test('a cache with another chunk size is refused', async (t) => {
  const first = await startProgram(t, { origin: ORIGIN });
  await first.stop();
  const env = { FOREBAY_CACHE_CHUNK_SIZE: '1MiB' };
  const { end, stderr } = await runProgram(t, { origin: ORIGIN, env });
  t.equal(end, 78);
  t.match(stderr, /8 ?MiB|8388608/);
});

t.test('two origins with one mount are refused', async (t) => {
  const config = 'origins:\n  - url: http://a.invalid\n  - url: http://b.invalid\n';
  const { end, stderr } = await runProgram(t, { config });
  t.equal(end, 78);
  t.match(stderr, /:3:\d+/);
});
