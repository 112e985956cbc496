import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { assemble } from '#src/assemble.js';
import { describe, startForebay } from './fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from './fixtures/running-origin.js';

t.test('origins with different mounts share only the cache', async (t) => {
  const [one, two] = [
    await runOrigin(t, { '/a': fresh(1, 2) }),
    await runOrigin(t, { '/a': fresh(2, 2) }),
  ];
  const forebay = await startForebay(t, {
    origins: [
      { name: 'one', mount: '/one', url: one.url },
      { name: 'two', mount: '/two', url: two.url },
    ],
  });
  t.ok((await forebay.get('/one/a')).body.equals(bytesOf(1, 2)));
  t.ok((await forebay.get('/two/a')).body.equals(bytesOf(2, 2)));
  t.equal((await forebay.get('/three/a')).status, 404);
  await forebay.holds(4);
  t.equal(await forebay.metric('forebay_origin_bytes_total'), 2 * sizeOf(2));
});

t.test(
  'an object fetched before a restart is served after it, without its origin too',
  async (t) => {
    const origin = await runOrigin(t, { '/a': fresh(1, 3) });
    const directory = t.testdir();
    const before = await startForebay(t, { origin, directory });
    await before.get('/a');
    await before.holds(3);
    await before.stop();
    t.ok(existsSync(join(directory, 'order', 'v1')), 'the order of use was written');
    t.same(readdirSync(join(directory, 'tmp')), []);
    const after = await startForebay(t, { origin, directory });
    await origin.close();
    const got = await after.get('/a');
    t.ok(got.body.equals(bytesOf(1, 3)), describe(got));
    t.match(got.headers['cache-status'], /hit/);
  },
);

t.test('a second Forebay on the same directory is refused', async (t) => {
  const origin = await runOrigin(t, {});
  const first = await startForebay(t, { origin });
  await t.rejects(assemble(first.config, 'test'), { name: 'StartupError' });
});

t.test('an application that cannot listen releases its cache directory', async (t) => {
  const origin = await runOrigin(t, {});
  const first = await startForebay(t, { origin });
  const busy = {
    ...first.config.listen,
    address: { host: '127.0.0.1', port: Number(new URL(first.url).port) },
  };
  const directory = join(first.directory, 'other');
  const config = { ...first.config, listen: busy, cache: { ...first.config.cache, directory } };
  const application = await assemble(config, 'test');
  await t.rejects(application.start(), { name: 'ListenError' });
  await application.stop();
  const again = await assemble({ ...config, listen: first.config.listen }, 'test');
  await again.stop();
  await again.stop();
});

t.test("describe lists BLAKE3's instruction set, fill lanes and the way of sending", async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  t.match(
    forebay.application.describe().join('\n'),
    /^BLAKE3 uses \S.*; 4 fill lanes\nbodies are sent \S.*$/,
  );
  t.equal((await forebay.metrics()).get('forebay_cache_writable'), 1);
});
