import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCommand } from '../../fixtures/command-line.js';

t.test('validate prints ok and a summary for a valid configuration', async (t) => {
  const args = ['validate', '--capacity', '1GiB', '--cache-dir', '/c', '--origin', 'http://a'];
  const { exitCode, stdout, stderr } = await runCommand(args);
  t.equal(exitCode, 0);
  t.equal(stderr, '');
  t.match(stdout, /^ok\nlisten {3}http:\/\/127\.0\.0\.1:7080\n/);
  t.match(stdout, /^capacity 1 GiB: as configured$/m);
  t.match(JSON.parse((await runCommand([...args, '--json'])).stdout), {
    ok: true,
    capacityBytes: 2 ** 30,
    config: { cache: { capacity: '1GiB' }, origins: [{ url: 'http://a' }] },
  });
  t.equal((await runCommand([...args, '--quiet'])).stdout, '');
});

t.test('validate prints every error at once, with line and column', async (t) => {
  const file = join(t.testdir(), 'f.yaml');
  writeFileSync(file, 'cache:\n  capcity: 1GiB\nlisten:\n  address: 7080\n');
  const args = ['validate', '--config', file];
  const { exitCode, stdout, stderr } = await runCommand(args);
  t.equal(exitCode, 78);
  t.equal(stdout, '');
  t.match(stderr, `${file}:2:3: cache.capcity: found an unknown key`);
  t.match(stderr, 'did you mean `cache.capacity`?');
  t.match(stderr, `${file}:4:3: listen.address: found 7080, expected HOST:PORT`);
  const json = await runCommand([...args, '--json']);
  t.equal(json.exitCode, 78);
  t.equal(json.stderr, '');
  const { ok, problems } = JSON.parse(json.stdout) as { ok: boolean; problems: { key: string }[] };
  t.equal(ok, false);
  t.equal(problems.length, 2);
  t.match(
    problems.find(({ key }) => key === 'cache.capcity'),
    { nearest: 'cache.capacity', source: { line: 2, column: 3 } },
  );
});
